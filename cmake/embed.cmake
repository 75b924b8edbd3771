# Writes OUTPUT: every file of FILES (relative to ROOT) and of MADE (relative to MADE_ROOT) as a C
# array, and a table of their names.
cmake_policy(SET CMP0057 NEW) # IN_LIST
set(text "#include \"base/embedded.h\"\n\n")
set(table "")
set(number 0)
foreach(file IN LISTS FILES MADE)
  if(file IN_LIST FILES)
    file(READ "${ROOT}/${file}" bytes HEX)
  else()
    file(READ "${MADE_ROOT}/${file}" bytes HEX)
  endif()
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND text "static const unsigned char file_${number}[] = {${bytes}0};\n")
  string(APPEND table "\t{\"${file}\", file_${number}, sizeof file_${number} - 1},\n")
  math(EXPR number "${number} + 1")
endforeach()
string(APPEND text "\nconst struct embedded_file embedded_files[] = {\n${table}\t{0, 0, 0},\n};\n")
file(WRITE "${OUTPUT}" "${text}")

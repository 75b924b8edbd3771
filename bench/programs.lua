-- The real programs whose supervisor's memory is measured. Each has a directory of its own, where
-- `prepare` runs natively and `run` supervised.
return {
	{
		key = "git", label = "git init, commit, clone, log", needs = { "git" },
		prepare = [[
			mkdir files
			for i in $(seq 200); do mkdir -p files/$((i % 7)); seq $i >files/$((i % 7))/$i; done]],
		run = [[
			git init -q -b main repository
			mv files repository
			cd repository
			git config user.name Someone
			git config user.email someone@example.org
			git add .
			git commit -q -m first
			echo more >>files/1/1
			git commit -q -a -m second
			cd ..
			git clone -q repository clone
			git -C clone log --stat >/dev/null]],
	},
	{
		key = "make", label = "make -j2 of 100 C files", needs = { "make", "cc" },
		prepare = [[
			for i in $(seq 100); do
				echo "int f$i(int);" >>all.h
				printf '#include <stdio.h>\n#include "all.h"\nint f%d(int x) { return x + %d; }\n' \
					$i $i >f$i.c
				calls="$calls + f$i(1)"
			done
			printf '#include "all.h"\nint main(void) { return (0 %s) < 100; }\n' "$calls" >main.c
			printf 'program: $(patsubst %%.c,%%.o,$(wildcard *.c))\n\t$(CC) -o $@ $^\n' >Makefile]],
		run = "make -s -j2 && ./program",
	},
	{
		key = "python3", label = "python3, a dozen modules", needs = { "python3" },
		prepare = [[
			cat >script.py <<'END'
import argparse, asyncio, csv, decimal, email.message, hashlib, http.client, json
import logging, multiprocessing, sqlite3, subprocess, unittest, xml.etree.ElementTree
print(len(json.dumps(dict(os=subprocess.run(["uname"], capture_output=True).stdout.decode()))))
END]],
		run = "python3 script.py >/dev/null",
	},
	{
		key = "tar", label = "tar of 2,000 files, both ways", needs = { "tar" },
		prepare = [[
			for i in $(seq 40); do mkdir -p tree/$i; done
			for i in $(seq 2000); do echo $i >tree/$((i % 40 + 1))/$i; done]],
		run = "tar cf tree.tar tree && mkdir out && tar xf tree.tar -C out",
	},
	{
		key = "find", label = "find over /usr/share", needs = { "find" },
		run = "find /usr/share -type f -newer /etc/passwd >/dev/null",
	},
	{
		key = "grep", label = "grep -r over /usr/share", needs = { "grep" },
		-- 1: nothing found, as it should be; 2: links that lead nowhere
		run = "grep -rqs no-such-word-is-in-there /usr/share || [ $? -le 2 ]",
	},
	{
		key = "bash", label = "bash, pipes and here-documents", needs = { "bash", "sed", "sort" },
		prepare = [[
			cat >script <<'OUTER'
set -e
for i in $(seq 100); do
	sed s/a/b/ <<END | sort -r | head -1 >>lines
a $i
c $((i * i))
END
	read -r line < <(tail -1 lines)
	cat <<<"$line" | tee -a copy >/dev/null
done
[ "$(wc -l <copy)" = 100 ]
OUTER]],
		run = "bash script",
	},
}

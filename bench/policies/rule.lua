-- Every open of the benchmark is decided by a declared rule.
allow.exec { "/**" }
allow.read { "/usr/**", "/lib/**", "/etc/**" }

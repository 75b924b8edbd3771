-- The open of the measured loop is refused by a declared rule.
allow.exec { "/**" }
allow.read { "/usr/**", "/lib/**", "/etc/**" }
deny.read  { "/etc/passwd", why = "measured" }

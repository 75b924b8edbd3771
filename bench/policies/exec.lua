-- Every exec of the benchmark is judged, and what runs is verified.
allow.exec { "/**" }
allow.read { "/**" }
deny.exec { "/moongate-never" }

-- What every dynamically linked program opens before its main() runs: the loader's cache, shared
-- libraries, the locale, the time zone, /dev/null. Nearly every policy uses this.
use "./devices"

-- Shared libraries. Decisions are made on resolved paths: where /lib is a link to /usr/lib, the
-- rule for /lib covers /usr/lib/…, too.
allow.read {
  "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d/**",
  "/lib/**", "/lib32/**", "/lib64/**", "/libx32/**",
  "/usr/lib/**", "/usr/lib32/**", "/usr/lib64/**", "/usr/libx32/**", "/usr/local/lib/**",
}

-- Locale and time zone.
allow.read {
  "/usr/share/locale/**", "/usr/share/i18n/**", "/usr/share/zoneinfo/**",
  "/etc/localtime", "/etc/timezone", "/etc/locale.alias", "/etc/default/locale",
}

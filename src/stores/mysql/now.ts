/** The clock of the database in milliseconds since 1970, whatever its time zone: the clocks of hosts differ. */
export const NOW_MS = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)";

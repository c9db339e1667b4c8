-- Requests that came with an idempotency key, and their answers.
-- As in the files before: each statement is harmless when it is run again, and times are milliseconds since 1970.

-- One row for each key, from the arrival of its first request until its window ends. request_id is a hash in which the API
-- key has a part: the key itself is nowhere. run is the attempt that the row belongs to; who takes a request over from a
-- process that is gone gives it another, so that nobody ends what is not his any more.
CREATE TABLE IF NOT EXISTS {schema}_idempotency (
  request_id  VARCHAR(64) NOT NULL PRIMARY KEY,
  fingerprint CHAR(64)    CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  state       VARCHAR(8)  CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  owner       CHAR(36)    CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  run         CHAR(36)    CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  status      SMALLINT,
  answer      MEDIUMTEXT,
  created_at  BIGINT      NOT NULL,
  KEY idempotency_created (created_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- What a request of a process that is gone has sent. MySQL has no CREATE INDEX IF NOT EXISTS.
SET @guard_statement = (
  SELECT IF(COUNT(*) > 0, 'DO 0', 'CREATE INDEX send_request ON {schema}_send (request_id)')
  FROM information_schema.STATISTICS
  WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{schema}_send' AND INDEX_NAME = 'send_request'
);
PREPARE guard_statement FROM @guard_statement;
EXECUTE guard_statement;
DEALLOCATE PREPARE guard_statement;

-- Sequences: steps in one chat that are one unit.
-- As in the files before: each statement is harmless when it is run again, and times are milliseconds since 1970.

-- definition is what was asked for, as JSON; it goes with the end. steps is how far each is, written anew whenever one
-- begins. Several rows without an idempotency_key do not get in each other's way.
CREATE TABLE IF NOT EXISTS {schema}_sequence (
  seq             BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id              CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  instance        VARCHAR(255) NOT NULL,
  chat            VARCHAR(255) NOT NULL,
  is_high         BOOLEAN      NOT NULL,
  state           VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  position        INT          NOT NULL,
  steps           MEDIUMTEXT   NOT NULL,
  definition      MEDIUMTEXT,
  definition_hash CHAR(64)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  idempotency_key VARCHAR(255),
  is_cancelling   BOOLEAN      NOT NULL,
  owner           CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  code            VARCHAR(64),
  detail          TEXT,
  accepted_at     BIGINT       NOT NULL,
  started_at      BIGINT,
  ended_at        BIGINT,
  UNIQUE KEY sequence_id (id),
  UNIQUE KEY sequence_idempotency (instance, idempotency_key),
  KEY sequence_chat (chat),
  KEY sequence_open (state, owner),
  KEY sequence_ended (ended_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

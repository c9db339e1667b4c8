-- What is known of instances: their state, what has happened to them, work on them, and what is left of deleted ones.
-- As in the files before: each statement is harmless when it is run again, and times are milliseconds since 1970.

-- version only rises; since is when the state began.
CREATE TABLE IF NOT EXISTS {schema}_instance_state (
  instance_id VARCHAR(255) NOT NULL PRIMARY KEY,
  version     BIGINT       NOT NULL,
  state       VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  since       BIGINT       NOT NULL,
  reason      MEDIUMTEXT   NOT NULL,
  owner       CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- For people. version: of the state after it, where the state changed. Retention walks the index of at.
CREATE TABLE IF NOT EXISTS {schema}_instance_history (
  seq         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  instance_id VARCHAR(255) NOT NULL,
  name        VARCHAR(255) NOT NULL,
  at          BIGINT       NOT NULL,
  event       VARCHAR(255) NOT NULL,
  reason      MEDIUMTEXT   NOT NULL,
  version     BIGINT,
  KEY instance_history_instance (instance_id),
  KEY instance_history_at (at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- Work of several steps. It is open as long as it has a lease; whoever finds one whose lease is over goes on with it. What
-- has ended stays as long as the history does, with the reason if it was given up. open_instance_id is the instance while
-- the work is open, then nothing: several rows without one do not get in each other's way.
CREATE TABLE IF NOT EXISTS {schema}_instance_operation (
  id               CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL PRIMARY KEY,
  instance_id      VARCHAR(255) NOT NULL,
  open_instance_id VARCHAR(255),
  name             VARCHAR(255) NOT NULL,
  kind             VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  step             VARCHAR(64)  NOT NULL,
  data             MEDIUMTEXT   NOT NULL,
  attempts         INT          NOT NULL,
  owner            CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  lease_until      BIGINT,
  begun_at         BIGINT       NOT NULL,
  ended_at         BIGINT,
  error            MEDIUMTEXT,
  UNIQUE KEY open_instance_operation (open_instance_id),
  KEY instance_operation_lease (lease_until),
  KEY ended_instance_operation (ended_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- Credentials that were set aside, sealed. Their bodies are in parts, as the server takes no packet above
-- max_allowed_packet.
CREATE TABLE IF NOT EXISTS {schema}_credential_archive (
  id           CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL PRIMARY KEY,
  instance_id  VARCHAR(255) NOT NULL,
  name         VARCHAR(255) NOT NULL,
  reason       MEDIUMTEXT   NOT NULL,
  is_encrypted BOOLEAN      NOT NULL,
  bytes        INT          NOT NULL,
  taken_at     BIGINT       NOT NULL,
  KEY credential_archive_instance (instance_id, taken_at, id),
  KEY credential_archive_taken (taken_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

CREATE TABLE IF NOT EXISTS {schema}_credential_archive_part (
  archive_id CHAR(36)   CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  part       INT        NOT NULL,
  body       MEDIUMBLOB NOT NULL,
  PRIMARY KEY (archive_id, part)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Instances that somebody deleted, until they are restored or purged.
CREATE TABLE IF NOT EXISTS {schema}_tombstone (
  instance_id VARCHAR(255) NOT NULL PRIMARY KEY,
  name        VARCHAR(255) NOT NULL,
  token       VARCHAR(255),
  client_name VARCHAR(255),
  integration VARCHAR(255),
  deleted_at  BIGINT       NOT NULL,
  purge_after BIGINT       NOT NULL,
  archive_id  CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci,
  KEY tombstone_name (name),
  KEY tombstone_due (purge_after)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

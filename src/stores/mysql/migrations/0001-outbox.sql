-- The outbox, the leases of those who empty it, and the counters that number a chat's events.
-- {schema} begins the name of every table: who may use one database often may not create another. {collation} is the
-- server's name for the one that tells every two texts apart, also by case, accents and spaces at the end.
-- MySQL commits after each of these statements: each must be harmless when it is run again. Times are milliseconds since
-- 1970, so that no setting of a time zone matters. Statements end with a semicolon at the end of a line.

-- One row: which installation (DATABASE_CONNECTION_CLIENT_NAME) these tables belong to. Written last.
CREATE TABLE IF NOT EXISTS {schema}_installation (
  id          SMALLINT     NOT NULL PRIMARY KEY,
  client_name VARCHAR(200) NOT NULL,
  created_at  BIGINT       NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- One row for each event and sink, written once and never changed: what becomes of it is told by the table that has its
-- seq, one of pending, delivered and dead_letter. payload is the exact text that the sink gets; a large one is in
-- payload_part, in as many pieces as parts tells, as the server takes no packet above max_allowed_packet.
-- No foreign keys point here: each would be looked up for every event. The unique key makes the repeat of a capture whose
-- answer was lost harmless, and finds an event by its id.
CREATE TABLE IF NOT EXISTS {schema}_outbox (
  seq           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event_id      CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  sink          VARCHAR(32)  NOT NULL,
  receiver_key  INT          NOT NULL,
  partition_no  SMALLINT     NOT NULL,
  chat_key      INT          NOT NULL,
  instance      VARCHAR(255) NOT NULL,
  chat          VARCHAR(255) NOT NULL,
  chat_sequence BIGINT       NOT NULL,
  event         VARCHAR(255) NOT NULL,
  target        TEXT         NOT NULL,
  payload       LONGTEXT     NOT NULL,
  parts         SMALLINT     NOT NULL,
  payload_bytes INT          NOT NULL,
  captured_at   BIGINT       NOT NULL,
  UNIQUE KEY outbox_event (event_id, sink)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- The bytes of a large payload, in order.
CREATE TABLE IF NOT EXISTS {schema}_payload_part (
  seq  BIGINT     NOT NULL,
  part SMALLINT   NOT NULL,
  body MEDIUMBLOB NOT NULL,
  PRIMARY KEY (seq, part)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- What waits, and all that a relay needs to choose from it. Stays as small as the backlog is.
CREATE TABLE IF NOT EXISTS {schema}_pending (
  seq           BIGINT      NOT NULL PRIMARY KEY,
  sink          VARCHAR(32) NOT NULL,
  receiver_key  INT         NOT NULL,
  partition_no  SMALLINT    NOT NULL,
  chat_key      INT         NOT NULL,
  payload_bytes INT         NOT NULL,
  attempts      INT         NOT NULL DEFAULT 0,
  last_error    MEDIUMTEXT
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- What its sink has confirmed. Retention walks it by time.
CREATE TABLE IF NOT EXISTS {schema}_delivered (
  seq          BIGINT NOT NULL PRIMARY KEY,
  delivered_at BIGINT NOT NULL,
  KEY delivered_at (delivered_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- What trying again cannot help.
CREATE TABLE IF NOT EXISTS {schema}_dead_letter (
  seq        BIGINT     NOT NULL PRIMARY KEY,
  dead_at    BIGINT     NOT NULL,
  attempts   INT        NOT NULL,
  last_error MEDIUMTEXT NOT NULL,
  KEY dead_at (dead_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- The last number given in a chat, for each sink: sinks want different events, and a consumer that finds gaps needs
-- numbers without holes. Its row lock also makes the commits of one chat's events follow their numbers.
CREATE TABLE IF NOT EXISTS {schema}_chat_sequence (
  sink        VARCHAR(32)  NOT NULL,
  instance    VARCHAR(255) NOT NULL,
  chat        VARCHAR(255) NOT NULL,
  last_number BIGINT       NOT NULL,
  PRIMARY KEY (sink, instance, chat)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- The processes that empty the outbox, as far as they have been heard of lately.
CREATE TABLE IF NOT EXISTS {schema}_relay (
  owner      CHAR(36) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL PRIMARY KEY,
  expires_at BIGINT   NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Who empties which partition. epoch rises with every change of owner.
CREATE TABLE IF NOT EXISTS {schema}_relay_lease (
  partition_no SMALLINT NOT NULL PRIMARY KEY,
  owner        CHAR(36) CHARACTER SET ascii COLLATE ascii_general_ci,
  epoch        BIGINT   NOT NULL DEFAULT 0,
  expires_at   BIGINT   NOT NULL DEFAULT 0
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

INSERT IGNORE INTO {schema}_relay_lease (partition_no) VALUES
  (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15),
  (16), (17), (18), (19), (20), (21), (22), (23), (24), (25), (26), (27), (28), (29), (30), (31),
  (32), (33), (34), (35), (36), (37), (38), (39), (40), (41), (42), (43), (44), (45), (46), (47),
  (48), (49), (50), (51), (52), (53), (54), (55), (56), (57), (58), (59), (60), (61), (62), (63);

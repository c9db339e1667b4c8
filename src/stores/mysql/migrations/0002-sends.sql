-- The journal of sends, who may make them in which chat, and the processes that make them.
-- As in the file before: each statement is harmless when it is run again, and times are milliseconds since 1970.

-- One row for each send, from its acceptance until retention ends. What is looked for by its state is found through
-- unsettled_send: an index of states would be written anew whenever one changes.
CREATE TABLE IF NOT EXISTS {schema}_send (
  seq           BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  send_id       CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  instance      VARCHAR(255) NOT NULL,
  chat          VARCHAR(255) NOT NULL,
  integration   VARCHAR(64)  NOT NULL,
  kind          VARCHAR(64)  NOT NULL,
  caller        VARCHAR(64)  NOT NULL,
  state         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  attempts      INT          NOT NULL,
  owner         CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  fence         BIGINT,
  message_id    VARCHAR(255),
  request_id    VARCHAR(512),
  error         MEDIUMTEXT,
  accepted_at   BIGINT       NOT NULL,
  sending_at    BIGINT,
  sent_at       BIGINT,
  server_ack_at BIGINT,
  delivered_at  BIGINT,
  read_at       BIGINT,
  ended_at      BIGINT,
  UNIQUE KEY send_id (send_id),
  KEY send_message (message_id),
  KEY send_chat (chat),
  KEY send_instance (instance),
  KEY send_accepted (accepted_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- One row for each send of which something is still awaited: `open` until its attempt has ended (send says whether it is
-- accepted or sending), then `sent` or `unknown` until WhatsApp has spoken. Whoever writes both locks send first.
-- By owner within a chat: whoever begins a send asks what others have there, and must not read what it has itself.
CREATE TABLE IF NOT EXISTS {schema}_unsettled_send (
  seq      BIGINT       NOT NULL PRIMARY KEY,
  instance VARCHAR(255) NOT NULL,
  chat     VARCHAR(255) NOT NULL,
  owner    CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  phase    VARCHAR(8)   CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  since    BIGINT,
  parts    SMALLINT     NOT NULL,
  KEY open_send_chat (phase, instance, chat, owner),
  KEY open_send_owner (phase, owner, instance),
  KEY awaited_send_since (phase, since)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- What is needed to make an open send again, in as many parts as unsettled_send tells, as the server takes no packet above
-- max_allowed_packet. It goes with the end of the attempt, so that what people wrote does not stay.
CREATE TABLE IF NOT EXISTS {schema}_send_body (
  seq  BIGINT     NOT NULL,
  part SMALLINT   NOT NULL,
  body MEDIUMBLOB NOT NULL,
  PRIMARY KEY (seq, part)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Who sends in a chat. fence rises with every change of owner; without an owner nobody has sent there yet.
CREATE TABLE IF NOT EXISTS {schema}_send_turn (
  instance VARCHAR(255) NOT NULL,
  chat     VARCHAR(255) NOT NULL,
  owner    CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci,
  fence    BIGINT       NOT NULL,
  PRIMARY KEY (instance, chat)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- The processes that send, as far as they have been heard of lately. about: host name and pid, for people.
CREATE TABLE IF NOT EXISTS {schema}_send_worker (
  owner      CHAR(36)     CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL PRIMARY KEY,
  about      VARCHAR(255) NOT NULL,
  expires_at BIGINT       NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- The outbox, the leases of those who empty it, and the counters that number a chat's events.
-- Runs once, inside the transaction and the advisory lock of the migration runner, with search_path set to our schema.

-- One row: which installation (DATABASE_CONNECTION_CLIENT_NAME) this schema belongs to.
CREATE TABLE installation (
  id          smallint    PRIMARY KEY CHECK (id = 1),
  client_name text        NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now()
);

-- One row for each event and sink, written once and never changed: what becomes of it is told by the table that has its
-- seq, one of pending, delivered and dead_letter. An update here would copy the payload and write every index anew.
-- payload is the exact text that the sink gets: jsonb would reorder its keys. No foreign keys point here: each would be
-- looked up for every event, and all statements that move a seq from table to table are in this folder.
CREATE TABLE outbox (
  seq           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id      uuid        NOT NULL,
  sink          text        NOT NULL,
  receiver_key  integer     NOT NULL,
  partition     smallint    NOT NULL,
  chat_key      integer     NOT NULL,
  instance      text        NOT NULL,
  chat          text        NOT NULL,
  chat_sequence bigint      NOT NULL,
  event         text        NOT NULL,
  target        text        NOT NULL,
  payload       text        NOT NULL,
  payload_bytes integer     NOT NULL,
  captured_at   timestamptz NOT NULL
);
-- Makes the repeat of a capture whose answer was lost harmless, and finds an event by its id.
CREATE UNIQUE INDEX outbox_event ON outbox (event_id, sink);

-- What waits, and all that a relay needs to choose from it. Stays as small as the backlog is.
CREATE TABLE pending (
  seq           bigint   PRIMARY KEY,
  sink          text     NOT NULL,
  receiver_key  integer  NOT NULL,
  partition     smallint NOT NULL,
  chat_key      integer  NOT NULL,
  payload_bytes integer  NOT NULL,
  attempts      integer  NOT NULL DEFAULT 0,
  last_error    text
);

-- What its sink has confirmed. Retention walks it by time.
CREATE TABLE delivered (
  seq          bigint      PRIMARY KEY,
  delivered_at timestamptz NOT NULL
);
CREATE INDEX delivered_at ON delivered (delivered_at);

-- What trying again cannot help.
CREATE TABLE dead_letter (
  seq        bigint      PRIMARY KEY,
  dead_at    timestamptz NOT NULL,
  attempts   integer     NOT NULL,
  last_error text        NOT NULL
);
CREATE INDEX dead_letter_at ON dead_letter (dead_at);

-- The last number given in a chat, for each sink: sinks want different events, and a consumer that finds gaps needs
-- numbers without holes. Its row lock also makes the commits of one chat's events follow their numbers. Half of each
-- page is left free, so that an update stays on its page and no index is written.
CREATE TABLE chat_sequence (
  sink     text   NOT NULL,
  instance text   NOT NULL,
  chat     text   NOT NULL,
  last     bigint NOT NULL,
  PRIMARY KEY (sink, instance, chat)
) WITH (fillfactor = 50);

-- The processes that empty the outbox, as far as they have been heard of lately.
CREATE TABLE relay (
  owner      uuid        PRIMARY KEY,
  expires_at timestamptz NOT NULL
);

-- Who empties which partition. epoch rises with every change of owner.
CREATE TABLE relay_lease (
  partition  smallint    PRIMARY KEY,
  owner      uuid,
  epoch      bigint      NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO relay_lease (partition) SELECT generate_series(0, 63);

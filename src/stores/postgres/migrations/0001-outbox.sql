-- The outbox, the leases of those who empty it, and the counters that number a chat's events.
-- Runs once, inside the transaction and the advisory lock of the migration runner, with search_path set to our schema.

-- One row: which installation (DATABASE_CONNECTION_CLIENT_NAME) this schema belongs to.
CREATE TABLE installation (
  id          smallint    PRIMARY KEY CHECK (id = 1),
  client_name text        NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now()
);

-- One row for each event and sink. payload is the exact text that the sink gets: jsonb would reorder its keys.
CREATE TABLE outbox (
  seq           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id      uuid        NOT NULL,
  sink          text        NOT NULL,
  partition     smallint    NOT NULL,
  chat_key      integer     NOT NULL,
  instance      text        NOT NULL,
  chat          text        NOT NULL,
  chat_sequence bigint      NOT NULL,
  event         text        NOT NULL,
  target        jsonb       NOT NULL,
  payload       text        NOT NULL,
  payload_bytes integer     NOT NULL,
  captured_at   timestamptz NOT NULL,
  attempts      integer     NOT NULL DEFAULT 0,
  last_error    text,
  delivered_at  timestamptz,
  dead_at       timestamptz,
  CHECK (delivered_at IS NULL OR dead_at IS NULL)
);
-- Makes the repeat of a capture whose answer was lost harmless, and finds an event by its id.
CREATE UNIQUE INDEX outbox_event ON outbox (event_id, sink);
-- What the relay walks: pending rows in order. Stays as small as the backlog is.
CREATE INDEX outbox_pending ON outbox (seq) WHERE delivered_at IS NULL AND dead_at IS NULL;
-- What retention walks.
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;

-- The last number given in a chat, for each sink: sinks want different events, and a consumer that finds gaps needs
-- numbers without holes. Its row lock also makes the commits of one chat's events follow their numbers.
CREATE TABLE chat_sequence (
  sink     text   NOT NULL,
  instance text   NOT NULL,
  chat     text   NOT NULL,
  last     bigint NOT NULL,
  PRIMARY KEY (sink, instance, chat)
);

-- Who empties which partition. epoch rises with every change of owner.
CREATE TABLE relay_lease (
  partition  smallint    PRIMARY KEY,
  owner      uuid,
  epoch      bigint      NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO relay_lease (partition) SELECT generate_series(0, 63);

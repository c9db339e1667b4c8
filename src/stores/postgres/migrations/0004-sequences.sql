-- Sequences: steps in one chat that are one unit.
-- Runs once, inside the transaction and the advisory lock of the migration runner, with search_path set to our schema.

-- definition is what was asked for, JSON as text, as jsonb refuses some of what JSON may hold; it goes with the end. steps
-- is how far each is, written anew whenever one begins.
CREATE TABLE sequence (
  seq              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id               uuid        NOT NULL UNIQUE,
  instance         text        NOT NULL,
  chat             text        NOT NULL,
  is_high          boolean     NOT NULL,
  state            text        NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
  position         integer     NOT NULL,
  steps            text        NOT NULL,
  definition       text,
  definition_hash  text        NOT NULL,
  idempotency_key  text,
  is_cancelling    boolean     NOT NULL,
  owner            uuid        NOT NULL,
  code             text,
  detail           text,
  accepted_at      timestamptz NOT NULL,
  started_at       timestamptz,
  ended_at         timestamptz,
  UNIQUE (instance, idempotency_key)
) WITH (fillfactor = 70);
CREATE INDEX sequence_chat ON sequence (chat, seq);
CREATE INDEX sequence_instance ON sequence (instance, seq);
CREATE INDEX open_sequence ON sequence (owner, seq) WHERE state IN ('waiting', 'running');
-- Retention walks it.
CREATE INDEX ended_sequence ON sequence (ended_at) WHERE ended_at IS NOT NULL;

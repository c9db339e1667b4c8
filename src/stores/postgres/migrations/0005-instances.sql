-- What is known of instances: their state, what has happened to them, work on them, and what is left of deleted ones.
-- Runs once, inside the transaction and the advisory lock of the migration runner, with search_path set to our schema.

-- version only rises; since is when the state began.
CREATE TABLE instance_state (
  instance_id text        PRIMARY KEY,
  version     bigint      NOT NULL,
  state       text        NOT NULL CHECK (state IN ('open', 'connecting', 'close')),
  since       timestamptz NOT NULL,
  reason      text        NOT NULL,
  owner       uuid        NOT NULL
) WITH (fillfactor = 70);

-- For people. version: of the state after it, where the state changed.
CREATE TABLE instance_history (
  seq         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instance_id text        NOT NULL,
  name        text        NOT NULL,
  at          timestamptz NOT NULL,
  event       text        NOT NULL,
  reason      text        NOT NULL,
  version     bigint
);
CREATE INDEX instance_history_instance ON instance_history (instance_id, seq);
-- Retention walks it.
CREATE INDEX instance_history_at ON instance_history (at);

-- Work of several steps. It is open as long as it has a lease; whoever finds one whose lease is over goes on with it. What
-- has ended stays as long as the history does, with the reason if it was given up. data is JSON as text, as jsonb refuses
-- some of what JSON may hold.
CREATE TABLE instance_operation (
  id          uuid        PRIMARY KEY,
  instance_id text        NOT NULL,
  name        text        NOT NULL,
  kind        text        NOT NULL,
  step        text        NOT NULL,
  data        text        NOT NULL,
  attempts    integer     NOT NULL,
  owner       uuid        NOT NULL,
  lease_until timestamptz,
  begun_at    timestamptz NOT NULL,
  ended_at    timestamptz,
  error       text
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX open_instance_operation ON instance_operation (instance_id) WHERE lease_until IS NOT NULL;
CREATE INDEX ended_instance_operation ON instance_operation (ended_at) WHERE ended_at IS NOT NULL;

-- Credentials that were set aside, sealed. Their bodies are in parts, so that no row is large.
CREATE TABLE credential_archive (
  id           uuid        PRIMARY KEY,
  instance_id  text        NOT NULL,
  name         text        NOT NULL,
  reason       text        NOT NULL,
  is_encrypted boolean     NOT NULL,
  bytes        integer     NOT NULL,
  taken_at     timestamptz NOT NULL
);
CREATE INDEX credential_archive_instance ON credential_archive (instance_id, taken_at, id);
CREATE INDEX credential_archive_taken ON credential_archive (taken_at);

-- Packed already, so the server need not try to compress it.
CREATE TABLE credential_archive_part (
  archive_id uuid    NOT NULL,
  part       integer NOT NULL,
  body       bytea   NOT NULL,
  PRIMARY KEY (archive_id, part)
);
ALTER TABLE credential_archive_part ALTER COLUMN body SET STORAGE EXTERNAL;

-- Instances that somebody deleted, until they are restored or purged.
CREATE TABLE tombstone (
  instance_id text        PRIMARY KEY,
  name        text        NOT NULL,
  token       text,
  client_name text,
  integration text,
  deleted_at  timestamptz NOT NULL,
  purge_after timestamptz NOT NULL,
  archive_id  uuid
);
CREATE INDEX tombstone_name ON tombstone (name);
CREATE INDEX tombstone_due ON tombstone (purge_after);

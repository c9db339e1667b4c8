-- Requests that came with an idempotency key, and their answers.
-- Runs once, inside the transaction and the advisory lock of the migration runner, with search_path set to our schema.

-- One row for each key, from the arrival of its first request until its window ends. request_id is a hash in which the API
-- key has a part: the key itself is nowhere. run is the attempt that the row belongs to; who takes a request over from a
-- process that is gone gives it another, so that nobody ends what is not his any more.
CREATE TABLE idempotency (
  request_id  text        PRIMARY KEY,
  fingerprint text        NOT NULL,
  state       text        NOT NULL CHECK (state IN ('running', 'done')),
  owner       uuid        NOT NULL,
  run         uuid        NOT NULL,
  status      integer,
  answer      text,
  created_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
-- The end of the window is found by it.
CREATE INDEX idempotency_created ON idempotency (created_at);

-- What a request of a process that is gone has sent. Most sends have none, and none ever changes it.
CREATE INDEX send_request ON send (request_id) WHERE request_id IS NOT NULL;

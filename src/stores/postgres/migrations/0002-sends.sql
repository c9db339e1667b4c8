-- The journal of sends, who may make them in which chat, and the processes that make them.
-- Runs once, inside the transaction and the advisory lock of the migration runner, with search_path set to our schema.

-- One row for each send, from its acceptance until retention ends. No index holds a column that its way changes (but for
-- a message_id that the channel gave late), and a part of each page is left free: so an update stays on its page and
-- writes no index. What is looked for by its state is therefore found through unsettled_send.
CREATE TABLE send (
  seq           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  send_id       uuid        NOT NULL UNIQUE,
  instance      text        NOT NULL,
  chat          text        NOT NULL,
  integration   text        NOT NULL,
  kind          text        NOT NULL,
  caller        text        NOT NULL,
  state         text        NOT NULL,
  attempts      integer     NOT NULL,
  owner         uuid        NOT NULL,
  fence         bigint,
  message_id    text,
  request_id    text,
  error         text,
  accepted_at   timestamptz NOT NULL,
  sending_at    timestamptz,
  sent_at       timestamptz,
  server_ack_at timestamptz,
  delivered_at  timestamptz,
  read_at       timestamptz,
  ended_at      timestamptz
) WITH (fillfactor = 70);
CREATE INDEX send_message ON send (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX send_chat ON send (chat, seq);
CREATE INDEX send_instance ON send (instance, seq);
-- Retention walks it: nothing ends before it was accepted.
CREATE INDEX send_accepted ON send (accepted_at);

-- One row for each send of which something is still awaited: `open` until its attempt has ended (send says whether it is
-- accepted or sending), then `sent` or `unknown` until WhatsApp has spoken. Whoever writes both locks send first.
-- body is what is needed to make it again; it goes with the end of the attempt, so that what people wrote does not stay.
CREATE TABLE unsettled_send (
  seq      bigint PRIMARY KEY,
  instance text   NOT NULL,
  chat     text   NOT NULL,
  owner    uuid   NOT NULL,
  phase    text   NOT NULL CHECK (phase IN ('open', 'sent', 'unknown')),
  since    timestamptz,
  body     bytea
);
-- By owner within a chat: whoever begins a send asks what others have there, and must not read what it has itself.
CREATE INDEX open_send_chat ON unsettled_send (instance, chat, owner, seq) WHERE phase = 'open';
CREATE INDEX open_send_owner ON unsettled_send (owner, instance, seq) WHERE phase = 'open';
CREATE INDEX awaited_send_since ON unsettled_send (phase, since) WHERE phase <> 'open';

-- Who sends in a chat. fence rises with every change of owner, turns with every send that is begun: whoever has looked
-- at a chat and finds the same number when it takes the turn knows that nobody has begun one meanwhile.
CREATE TABLE send_turn (
  instance text   NOT NULL,
  chat     text   NOT NULL,
  owner    uuid   NOT NULL,
  fence    bigint NOT NULL,
  turns    bigint NOT NULL,
  PRIMARY KEY (instance, chat)
) WITH (fillfactor = 50);

-- The processes that send, as far as they have been heard of lately. about: host name and pid, for people.
CREATE TABLE send_worker (
  owner      uuid        PRIMARY KEY,
  about      text        NOT NULL,
  expires_at timestamptz NOT NULL
);

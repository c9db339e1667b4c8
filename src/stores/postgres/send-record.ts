import type { SendRecord } from '../send-store';

/** Names as in SendRecord; `s` is the table send. */
export const RECORD = `s.seq, s.send_id AS "sendId", s.instance, s.chat, s.integration, s.kind, s.caller, s.state,
  s.attempts, s.message_id AS "messageId", s.owner, s.fence, s.error, s.accepted_at AS "acceptedAt",
  s.sending_at AS "sendingAt", s.sent_at AS "sentAt", s.server_ack_at AS "serverAckAt",
  s.delivered_at AS "deliveredAt", s.read_at AS "readAt", s.ended_at AS "endedAt"`;

type Time = 'sendingAt' | 'sentAt' | 'serverAckAt' | 'deliveredAt' | 'readAt' | 'endedAt';

/** As the driver gives it. */
export type RecordRow = Omit<SendRecord, 'seq' | 'fence' | 'acceptedAt' | Time> & {
  seq: string;
  fence: string | null;
  acceptedAt: Date;
} & Record<Time, Date | null>;

const millis = (time: Date | null) => time?.getTime() ?? null;

export const asRecord = (row: RecordRow): SendRecord => ({
  ...row,
  seq: Number(row.seq),
  fence: row.fence === null ? null : Number(row.fence),
  acceptedAt: row.acceptedAt.getTime(),
  sendingAt: millis(row.sendingAt),
  sentAt: millis(row.sentAt),
  serverAckAt: millis(row.serverAckAt),
  deliveredAt: millis(row.deliveredAt),
  readAt: millis(row.readAt),
  endedAt: millis(row.endedAt),
});

-- One row per office, line and interval: calls, chats or mails.
CREATE TABLE IF NOT EXISTS contacts (
    delivery_id        VARCHAR     NOT NULL,
    office             VARCHAR     NOT NULL,
    line               VARCHAR     NOT NULL CHECK (line IN ('phone', 'chat', 'mail')),
    interval_at        TIMESTAMPTZ NOT NULL,
    interval_minutes   INTEGER     NOT NULL,
    offered            BIGINT      NOT NULL,
    answered           BIGINT,
    answered_in_target BIGINT,
    abandoned          BIGINT,
    wait_seconds       DOUBLE,     -- sum over answered
    handling_seconds   DOUBLE,     -- sum over answered
    solved_first       BIGINT
);

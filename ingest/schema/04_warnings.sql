-- One row per delivery and rule that its source only warns of: how many loaded rows break it.
CREATE TABLE IF NOT EXISTS warnings (
    delivery_id VARCHAR NOT NULL,
    reason      VARCHAR NOT NULL, -- code of a rule in ingest/rule_texts.py
    rows        BIGINT  NOT NULL
);

-- The text of each content of documents, and the same as it is searched.
CREATE TABLE document_text (
    sha256 VARCHAR PRIMARY KEY,
    state VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    words VARCHAR NOT NULL,
    read_at TIMESTAMPTZ NOT NULL
)

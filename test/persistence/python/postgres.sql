-- A PostgreSQL database as the migrations of Python TaskFlow 5.0.0 leave it, recorded with pg_dump.
CREATE TYPE atom_types AS ENUM (
    'RETRY_DETAIL',
    'TASK_DETAIL'
);
CREATE TYPE intention_type AS ENUM (
    'EXECUTE',
    'IGNORE',
    'REVERT',
    'RETRY'
);
CREATE TABLE alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE atomdetails (
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    parent_uuid character varying(64),
    meta json,
    name character varying(255),
    results json,
    version character varying(64),
    state character varying(255),
    uuid character varying(64) NOT NULL,
    failure json,
    atom_type atom_types,
    intention intention_type DEFAULT 'EXECUTE'::intention_type,
    revert_results json,
    revert_failure json
);
CREATE TABLE flowdetails (
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    parent_uuid character varying(64),
    meta json,
    state character varying(255),
    name character varying(255),
    uuid character varying(64) NOT NULL
);
CREATE TABLE logbooks (
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    meta json,
    name character varying(255),
    uuid character varying(64) NOT NULL
);
ALTER TABLE ONLY alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY flowdetails
    ADD CONSTRAINT flowdetails_pkey PRIMARY KEY (uuid);
ALTER TABLE ONLY logbooks
    ADD CONSTRAINT logbooks_pkey PRIMARY KEY (uuid);
ALTER TABLE ONLY atomdetails
    ADD CONSTRAINT taskdetails_pkey PRIMARY KEY (uuid);
CREATE INDEX flowdetails_uuid_idx ON flowdetails USING btree (uuid);
CREATE INDEX logbook_uuid_idx ON logbooks USING btree (uuid);
CREATE INDEX taskdetails_uuid_idx ON atomdetails USING btree (uuid);
ALTER TABLE ONLY flowdetails
    ADD CONSTRAINT flowdetails_ibfk_1 FOREIGN KEY (parent_uuid) REFERENCES logbooks(uuid) ON DELETE CASCADE;
ALTER TABLE ONLY atomdetails
    ADD CONSTRAINT taskdetails_ibfk_1 FOREIGN KEY (parent_uuid) REFERENCES flowdetails(uuid) ON DELETE CASCADE;
INSERT INTO alembic_version VALUES ('00af93df9d77');


SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE FUNCTION public.append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION '% are append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.accounts (
    id text NOT NULL,
    allowance bigint NOT NULL,
    granted bigint NOT NULL,
    held bigint NOT NULL,
    used bigint NOT NULL,
    since double precision NOT NULL,
    CONSTRAINT accounts_allowance_is_not_negative CHECK ((allowance >= 0)),
    CONSTRAINT accounts_granted_is_not_negative CHECK ((granted >= 0)),
    CONSTRAINT accounts_held_is_not_negative CHECK ((held >= 0))
);

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.approvals (
    job_id text NOT NULL,
    guild_id bigint NOT NULL,
    asked_at double precision NOT NULL,
    lapses_at double precision NOT NULL,
    verdict text NOT NULL,
    decided_by bigint NOT NULL,
    decided_at double precision,
    channel_id bigint,
    message_id bigint,
    CONSTRAINT approvals_decided_at_some_time CHECK (((verdict = ANY (ARRAY['approved'::text, 'rejected'::text, 'lapsed'::text])) = (decided_at IS NOT NULL))),
    CONSTRAINT approvals_verdict_is_known CHECK ((verdict = ANY (ARRAY['waiting'::text, 'approved'::text, 'rejected'::text, 'lapsed'::text, 'withdrawn'::text])))
);

CREATE TABLE public.avatar_consents (
    user_id bigint NOT NULL,
    guild_id bigint NOT NULL,
    given_at double precision NOT NULL,
    notify boolean NOT NULL,
    locale text NOT NULL
);

CREATE TABLE public.budgets (
    id text NOT NULL,
    scope text NOT NULL,
    guild_id bigint,
    since double precision NOT NULL,
    until double precision NOT NULL,
    spent bigint NOT NULL,
    CONSTRAINT budgets_scope_is_known CHECK ((scope = ANY (ARRAY['server'::text, 'grants'::text, 'operator'::text]))),
    CONSTRAINT budgets_spent_is_not_negative CHECK ((spent >= 0))
);

CREATE TABLE public.case_cards (
    message_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    case_id bigint NOT NULL
);

CREATE TABLE public.case_notes (
    id bigint NOT NULL,
    case_id bigint NOT NULL,
    author bigint NOT NULL,
    at double precision NOT NULL,
    words text NOT NULL,
    complaint text
);

CREATE SEQUENCE public.case_notes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.case_notes_id_seq OWNED BY public.case_notes.id;

CREATE TABLE public.cases (
    id bigint NOT NULL,
    job_id text NOT NULL,
    guild_id bigint,
    reporter bigint NOT NULL,
    opened_at double precision NOT NULL,
    steps text NOT NULL,
    closed_at double precision,
    closed_by bigint,
    escalated_at double precision,
    channel_id bigint,
    message_id bigint,
    told_to text
);

CREATE SEQUENCE public.cases_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.cases_id_seq OWNED BY public.cases.id;

CREATE TABLE public.deeds (
    id bigint NOT NULL,
    guild_id bigint,
    actor text NOT NULL,
    deed text NOT NULL,
    facts text NOT NULL,
    at double precision NOT NULL
);

CREATE SEQUENCE public.deeds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.deeds_id_seq OWNED BY public.deeds.id;

CREATE TABLE public.entries (
    id bigint NOT NULL,
    account text NOT NULL,
    job_id text,
    kind text NOT NULL,
    amount bigint NOT NULL,
    of_allowance bigint NOT NULL,
    at double precision NOT NULL,
    actor text,
    why text,
    receipt text,
    gift text,
    CONSTRAINT entries_amount_fits_the_kind CHECK ((((kind = 'grant'::text) AND (amount > 0) AND (of_allowance = 0)) OR ((kind = 'adjust'::text) AND (of_allowance = 0)) OR ((kind = 'allowance'::text) AND (amount = of_allowance)) OR ((kind = 'hold'::text) AND (amount <= of_allowance) AND (of_allowance <= 0)) OR ((kind = 'capture'::text) AND (amount = 0) AND (of_allowance = 0)) OR ((kind = 'release'::text) AND (amount >= of_allowance) AND (of_allowance >= 0)))),
    CONSTRAINT entries_job_fits_the_kind CHECK (
CASE
    WHEN (kind = ANY (ARRAY['hold'::text, 'capture'::text, 'release'::text])) THEN (job_id IS NOT NULL)
    WHEN (kind = ANY (ARRAY['grant'::text, 'allowance'::text])) THEN (job_id IS NULL)
    ELSE true
END),
    CONSTRAINT entries_kind_is_known CHECK ((kind = ANY (ARRAY['grant'::text, 'allowance'::text, 'hold'::text, 'capture'::text, 'release'::text, 'adjust'::text]))),
    CONSTRAINT entries_receipt_is_for_a_grant CHECK (((receipt IS NULL) OR (kind = 'grant'::text)))
);

CREATE SEQUENCE public.entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.entries_id_seq OWNED BY public.entries.id;

CREATE TABLE public.events (
    id bigint NOT NULL,
    guild_id bigint NOT NULL,
    models text NOT NULL,
    discount bigint NOT NULL,
    cap bigint NOT NULL,
    since double precision NOT NULL,
    until double precision NOT NULL,
    CONSTRAINT events_cap_is_positive CHECK ((cap > 0)),
    CONSTRAINT events_discount_is_a_percentage CHECK (((discount >= 1) AND (discount <= 100)))
);

CREATE SEQUENCE public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.events_id_seq OWNED BY public.events.id;

CREATE TABLE public.faces (
    user_id bigint NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    size bigint NOT NULL,
    saved_at double precision NOT NULL,
    expires_at double precision NOT NULL,
    is_default boolean NOT NULL,
    sealed bytea NOT NULL
);

CREATE TABLE public.jobs (
    id text NOT NULL,
    slug text NOT NULL,
    body text NOT NULL,
    account text NOT NULL,
    price bigint NOT NULL,
    from_allowance bigint NOT NULL,
    allowance_until double precision NOT NULL,
    expected double precision NOT NULL,
    user_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    message_id bigint NOT NULL,
    application_id bigint NOT NULL,
    token text NOT NULL,
    token_until double precision NOT NULL,
    guild_id bigint,
    locale text NOT NULL,
    upload_limit bigint NOT NULL,
    hidden boolean NOT NULL,
    spoiler boolean NOT NULL,
    direct boolean NOT NULL,
    created_at double precision NOT NULL,
    state text NOT NULL,
    video_seconds double precision,
    submitted_at double precision,
    request_id text,
    output text,
    cost double precision,
    reason text,
    detail text,
    settled_at double precision,
    told boolean NOT NULL,
    delivery text,
    owner text NOT NULL,
    epoch bigint NOT NULL,
    nonce text DEFAULT ''::text NOT NULL,
    slot_since double precision,
    has_slot boolean DEFAULT false NOT NULL,
    batch text,
    cancel_requested boolean DEFAULT false NOT NULL,
    gif_loops bigint,
    agreed boolean DEFAULT false NOT NULL,
    doubtful boolean DEFAULT false NOT NULL,
    avatar_of bigint,
    subsidy bigint DEFAULT 0 NOT NULL,
    event bigint,
    CONSTRAINT jobs_allowance_is_part_of_the_price CHECK (((from_allowance >= 0) AND (from_allowance <= price))),
    CONSTRAINT jobs_price_is_not_negative CHECK ((price >= 0)),
    CONSTRAINT jobs_state_is_known CHECK ((state = ANY (ARRAY['HELD'::text, 'SUBMITTING'::text, 'UNKNOWN'::text, 'SUBMITTED'::text, 'READY'::text, 'DONE'::text, 'FAILED'::text, 'BLOCKED'::text, 'EXPIRED'::text, 'CANCELLED'::text]))),
    CONSTRAINT jobs_told_of_an_end CHECK (((NOT told) OR (state = ANY (ARRAY['DONE'::text, 'FAILED'::text, 'BLOCKED'::text, 'EXPIRED'::text, 'CANCELLED'::text]))))
);

CREATE TABLE public.listed (
    id bigint NOT NULL,
    guild_id bigint,
    kind text NOT NULL,
    mark text NOT NULL,
    job_id text NOT NULL,
    at double precision NOT NULL,
    CONSTRAINT listed_kind_is_known CHECK ((kind = ANY (ARRAY['exact'::text, 'look'::text])))
);

CREATE SEQUENCE public.listed_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.listed_id_seq OWNED BY public.listed.id;

CREATE TABLE public.notes (
    name text NOT NULL,
    text text NOT NULL
);

CREATE TABLE public.owed_log_entries (
    job_id text NOT NULL,
    at double precision NOT NULL
);

CREATE TABLE public.people (
    user_id bigint NOT NULL,
    agreed_to text,
    agreed_at double precision,
    opted_out_at double precision,
    left_at double precision,
    confirms boolean DEFAULT false NOT NULL
);

CREATE TABLE public.posts (
    message_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    job_id text NOT NULL,
    at double precision NOT NULL,
    in_log boolean DEFAULT false NOT NULL
);

CREATE TABLE public.prints (
    job_id text NOT NULL,
    part text NOT NULL,
    exact text NOT NULL,
    looks text NOT NULL,
    at double precision NOT NULL
);

CREATE TABLE public.servers (
    id bigint NOT NULL,
    rules text NOT NULL,
    left_at double precision
);

CREATE TABLE public.shards (
    total bigint NOT NULL,
    number bigint NOT NULL,
    owner text NOT NULL
);

CREATE TABLE public.strikes (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    at double precision NOT NULL
);

CREATE SEQUENCE public.strikes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.strikes_id_seq OWNED BY public.strikes.id;

CREATE TABLE public.takedown_requests (
    id bigint NOT NULL,
    reference text NOT NULL,
    name text NOT NULL,
    contact text NOT NULL,
    statement text NOT NULL,
    signature text NOT NULL,
    link text NOT NULL,
    exact text,
    looks text NOT NULL,
    jobs text NOT NULL,
    received_at double precision NOT NULL,
    due_at double precision NOT NULL,
    remind_at double precision,
    outcome text,
    decided_at double precision,
    sweep_at double precision,
    CONSTRAINT takedown_requests_decided_at_some_time CHECK (((outcome IS NULL) = (decided_at IS NULL))),
    CONSTRAINT takedown_requests_outcome_is_known CHECK ((outcome = ANY (ARRAY['removed'::text, 'declined'::text])))
);

CREATE SEQUENCE public.takedown_requests_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.takedown_requests_id_seq OWNED BY public.takedown_requests.id;

CREATE TABLE public.takedowns (
    job_id text NOT NULL,
    actor text NOT NULL,
    at double precision NOT NULL
);

CREATE TABLE public.workers (
    id text NOT NULL,
    lease_until double precision NOT NULL,
    serves boolean DEFAULT true NOT NULL
);

ALTER TABLE ONLY public.case_notes ALTER COLUMN id SET DEFAULT nextval('public.case_notes_id_seq'::regclass);

ALTER TABLE ONLY public.cases ALTER COLUMN id SET DEFAULT nextval('public.cases_id_seq'::regclass);

ALTER TABLE ONLY public.deeds ALTER COLUMN id SET DEFAULT nextval('public.deeds_id_seq'::regclass);

ALTER TABLE ONLY public.entries ALTER COLUMN id SET DEFAULT nextval('public.entries_id_seq'::regclass);

ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.events_id_seq'::regclass);

ALTER TABLE ONLY public.listed ALTER COLUMN id SET DEFAULT nextval('public.listed_id_seq'::regclass);

ALTER TABLE ONLY public.strikes ALTER COLUMN id SET DEFAULT nextval('public.strikes_id_seq'::regclass);

ALTER TABLE ONLY public.takedown_requests ALTER COLUMN id SET DEFAULT nextval('public.takedown_requests_id_seq'::regclass);

INSERT INTO public.accounts VALUES ('81384788765712384:81384788765712385', 81384788765712385, 81384788765712385, 81384788765712385, 81384788765712385, 1790000000.375);
INSERT INTO public.accounts VALUES ('direct:81384788765712385', 81384788765712386, 81384788765712386, 81384788765712386, 81384788765712386, 1790000000.5);

INSERT INTO public.alembic_version VALUES ('2');

INSERT INTO public.approvals VALUES ('approvals.job_id 1', 81384788765712385, 1790000000.375, 1790000000.375, 'waiting', 81384788765712385, NULL, 81384788765712385, 81384788765712385);
INSERT INTO public.approvals VALUES ('approvals.job_id 2', 81384788765712386, 1790000000.5, 1790000000.5, 'approved', 81384788765712386, 1790000000.25, 81384788765712386, 81384788765712386);
INSERT INTO public.approvals VALUES ('approvals.job_id 3', 81384788765712387, 1790000000.625, 1790000000.625, 'rejected', 81384788765712387, 1790000000.25, 81384788765712387, 81384788765712387);
INSERT INTO public.approvals VALUES ('approvals.job_id 4', 81384788765712388, 1790000000.75, 1790000000.75, 'lapsed', 81384788765712388, 1790000000.25, 81384788765712388, 81384788765712388);
INSERT INTO public.approvals VALUES ('approvals.job_id 5', 81384788765712389, 1790000000.875, 1790000000.875, 'withdrawn', 81384788765712389, NULL, NULL, NULL);

INSERT INTO public.avatar_consents VALUES (81384788765712385, 81384788765712385, 1790000000.375, true, 'avatar_consents.locale 1: "it''s
over"; -- ü');
INSERT INTO public.avatar_consents VALUES (81384788765712386, 81384788765712386, 1790000000.5, false, 'avatar_consents.locale 2: "it''s
over"; -- ü');

INSERT INTO public.budgets VALUES ('budgets.id 1', 'server', 81384788765712385, 1790000000.375, 1790000000.375, 81384788765712385);
INSERT INTO public.budgets VALUES ('budgets.id 2', 'grants', 81384788765712386, 1790000000.5, 1790000000.5, 81384788765712386);
INSERT INTO public.budgets VALUES ('budgets.id 3', 'operator', NULL, 1790000000.625, 1790000000.625, 81384788765712387);

INSERT INTO public.case_cards VALUES (81384788765712385, 81384788765712385, 1);
INSERT INTO public.case_cards VALUES (81384788765712386, 81384788765712386, 2);

INSERT INTO public.case_notes VALUES (1, 1, 81384788765712385, 1790000000.375, 'case_notes.words 1: "it''s
over"; -- ü', 'consent');
INSERT INTO public.case_notes VALUES (2, 1, 81384788765712386, 1790000000.5, 'case_notes.words 2: "it''s
over"; -- ü', 'intimate');
INSERT INTO public.case_notes VALUES (3, 1, 81384788765712387, 1790000000.625, 'case_notes.words 3: "it''s
over"; -- ü', 'child');
INSERT INTO public.case_notes VALUES (4, 1, 81384788765712388, 1790000000.75, 'case_notes.words 4: "it''s
over"; -- ü', 'deceit');
INSERT INTO public.case_notes VALUES (5, 1, 81384788765712389, 1790000000.875, 'case_notes.words 5: "it''s
over"; -- ü', 'something_else');

INSERT INTO public.cases VALUES (1, 'cases.job_id 1: "it''s
over"; -- ü', 81384788765712385, 81384788765712385, 1790000000.375, 'cases.steps 1: "it''s
over"; -- ü', 1790000000.375, 81384788765712385, 1790000000.375, 81384788765712385, 81384788765712385, 'log');
INSERT INTO public.cases VALUES (2, 'cases.job_id 2: "it''s
over"; -- ü', 81384788765712386, 81384788765712386, 1790000000.5, 'cases.steps 2: "it''s
over"; -- ü', 1790000000.5, 81384788765712386, 1790000000.5, 81384788765712386, 81384788765712386, 'operators');
INSERT INTO public.cases VALUES (3, 'cases.job_id 3: "it''s
over"; -- ü', NULL, 81384788765712387, 1790000000.625, 'cases.steps 3: "it''s
over"; -- ü', NULL, NULL, NULL, NULL, NULL, 'owner');

INSERT INTO public.deeds VALUES (1, 81384788765712385, 'deeds.actor 1: "it''s
over"; -- ü', 'deeds.deed 1: "it''s
over"; -- ü', '{"of":"deeds.facts 1","umlaut":"\u00fc","lone":"\ud83d"}', 1790000000.375);
INSERT INTO public.deeds VALUES (2, NULL, 'deeds.actor 2: "it''s
over"; -- ü', 'deeds.deed 2: "it''s
over"; -- ü', '{"of":"deeds.facts 2","umlaut":"\u00fc","lone":"\ud83d"}', 1790000000.5);

INSERT INTO public.entries VALUES (1, '81384788765712384:81384788765712385', NULL, 'grant', 100, 0, 1790000000.375, 'entries.actor 1: "it''s
over"; -- ü', 'entries.why 1: "it''s
over"; -- ü', 'bought', NULL);
INSERT INTO public.entries VALUES (2, '81384788765712384:81384788765712385', NULL, 'allowance', 50, 50, 1790000000.5, 'entries.actor 2: "it''s
over"; -- ü', 'entries.why 2: "it''s
over"; -- ü', NULL, NULL);
INSERT INTO public.entries VALUES (3, '81384788765712384:81384788765712385', NULL, 'adjust', -3, 0, 1790000000.625, 'entries.actor 3: "it''s
over"; -- ü', 'entries.why 3: "it''s
over"; -- ü', NULL, NULL);
INSERT INTO public.entries VALUES (4, '81384788765712384:81384788765712385', NULL, 'adjust', -4, 0, 1790000000.75, 'entries.actor 4: "it''s
over"; -- ü', 'entries.why 4: "it''s
over"; -- ü', NULL, 'a gift');
INSERT INTO public.entries VALUES (5, '81384788765712384:81384788765712385', NULL, 'grant', 4, 0, 1790000000.875, 'entries.actor 5: "it''s
over"; -- ü', 'entries.why 5: "it''s
over"; -- ü', NULL, 'a gift');
INSERT INTO public.entries VALUES (6, '81384788765712384:81384788765712385', 'jobs.id 1', 'hold', -5, -2, 1790000001, 'entries.actor 6: "it''s
over"; -- ü', 'entries.why 6: "it''s
over"; -- ü', NULL, NULL);
INSERT INTO public.entries VALUES (7, '81384788765712384:81384788765712385', 'jobs.id 1', 'capture', 0, 0, 1790000001.125, 'entries.actor 7: "it''s
over"; -- ü', 'entries.why 7: "it''s
over"; -- ü', NULL, NULL);
INSERT INTO public.entries VALUES (8, '81384788765712384:81384788765712385', 'jobs.id 2', 'hold', -5, -2, 1790000001.25, 'entries.actor 8: "it''s
over"; -- ü', 'entries.why 8: "it''s
over"; -- ü', NULL, NULL);
INSERT INTO public.entries VALUES (9, '81384788765712384:81384788765712385', 'jobs.id 2', 'release', 5, 2, 1790000001.375, NULL, NULL, NULL, NULL);

INSERT INTO public.events VALUES (1, 81384788765712385, '{"of":"events.models 1","umlaut":"\u00fc","lone":"\ud83d"}', 100, 50, 1790000000.375, 1790000000.375);
INSERT INTO public.events VALUES (2, 81384788765712386, '{"of":"events.models 2","umlaut":"\u00fc","lone":"\ud83d"}', 25, 7, 1790000000.5, 1790000000.5);

INSERT INTO public.faces VALUES (81384788765712385, 'faces.key 1', 'faces.name 1: "it''s
over"; -- ü', 81384788765712385, 1790000000.375, 1790000000.375, true, '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff66616365732e7365616c65642031');
INSERT INTO public.faces VALUES (81384788765712386, 'faces.key 2', 'faces.name 2: "it''s
over"; -- ü', 81384788765712386, 1790000000.5, 1790000000.5, false, '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff66616365732e7365616c65642032');

INSERT INTO public.jobs VALUES ('jobs.id 1', 'jobs.slug 1: "it''s
over"; -- ü', '{"of":"jobs.body 1","umlaut":"\u00fc","lone":"\ud83d"}', '81384788765712384:81384788765712385', 5, 2, 1790000000.375, 1790000000.375, 81384788765712385, 81384788765712385, 81384788765712385, 81384788765712385, 'jobs.token 1: "it''s
over"; -- ü', 1790000000.375, 81384788765712385, 'jobs.locale 1: "it''s
over"; -- ü', 81384788765712385, true, true, true, 1790000000.375, 'HELD', 1790000000.375, 1790000000.375, 'jobs.request_id 1: "it''s
over"; -- ü', 'jobs.output 1: "it''s
over"; -- ü', 1790000000.375, 'segmind', 'jobs.detail 1: "it''s
over"; -- ü', 1790000000.375, false, 'edited', 'jobs.owner 1: "it''s
over"; -- ü', 81384788765712385, 'jobs.nonce 1: "it''s
over"; -- ü', 1790000000.375, true, 'jobs.batch 1: "it''s
over"; -- ü', true, 81384788765712385, true, true, 81384788765712385, 81384788765712385, 81384788765712385);
INSERT INTO public.jobs VALUES ('jobs.id 2', 'jobs.slug 2: "it''s
over"; -- ü', '{"of":"jobs.body 2","umlaut":"\u00fc","lone":"\ud83d"}', '81384788765712384:81384788765712385', 5, 2, 1790000000.5, 1790000000.5, 81384788765712386, 81384788765712386, 81384788765712386, 81384788765712386, 'jobs.token 2: "it''s
over"; -- ü', 1790000000.5, 81384788765712386, 'jobs.locale 2: "it''s
over"; -- ü', 81384788765712386, false, false, false, 1790000000.5, 'SUBMITTING', 1790000000.5, 1790000000.5, 'jobs.request_id 2: "it''s
over"; -- ü', 'jobs.output 2: "it''s
over"; -- ü', 1790000000.5, 'parameters', 'jobs.detail 2: "it''s
over"; -- ü', 1790000000.5, false, 'replied', 'jobs.owner 2: "it''s
over"; -- ü', 81384788765712386, 'jobs.nonce 2: "it''s
over"; -- ü', 1790000000.5, false, 'jobs.batch 2: "it''s
over"; -- ü', false, 81384788765712386, false, false, 81384788765712386, 81384788765712386, 81384788765712386);
INSERT INTO public.jobs VALUES ('jobs.id 3', 'jobs.slug 3: "it''s
over"; -- ü', '{"of":"jobs.body 3","umlaut":"\u00fc","lone":"\ud83d"}', '81384788765712384:81384788765712385', 5, 2, 1790000000.625, 1790000000.625, 81384788765712387, 81384788765712387, 81384788765712387, 81384788765712387, 'jobs.token 3: "it''s
over"; -- ü', 1790000000.625, 81384788765712387, 'jobs.locale 3: "it''s
over"; -- ü', 81384788765712387, true, true, true, 1790000000.625, 'UNKNOWN', 1790000000.625, 1790000000.625, 'jobs.request_id 3: "it''s
over"; -- ü', 'jobs.output 3: "it''s
over"; -- ü', 1790000000.625, 'service', 'jobs.detail 3: "it''s
over"; -- ü', 1790000000.625, false, 'direct', 'jobs.owner 3: "it''s
over"; -- ü', 81384788765712387, 'jobs.nonce 3: "it''s
over"; -- ü', 1790000000.625, true, 'jobs.batch 3: "it''s
over"; -- ü', true, 81384788765712387, true, true, 81384788765712387, 81384788765712387, 81384788765712387);
INSERT INTO public.jobs VALUES ('jobs.id 4', 'jobs.slug 4: "it''s
over"; -- ü', '{"of":"jobs.body 4","umlaut":"\u00fc","lone":"\ud83d"}', '81384788765712384:81384788765712385', 5, 2, 1790000000.75, 1790000000.75, 81384788765712388, 81384788765712388, 81384788765712388, 81384788765712388, 'jobs.token 4: "it''s
over"; -- ü', 1790000000.75, 81384788765712388, 'jobs.locale 4: "it''s
over"; -- ü', 81384788765712388, false, false, false, 1790000000.75, 'SUBMITTED', 1790000000.75, 1790000000.75, 'jobs.request_id 4: "it''s
over"; -- ü', 'jobs.output 4: "it''s
over"; -- ü', 1790000000.75, 'unreachable', 'jobs.detail 4: "it''s
over"; -- ü', 1790000000.75, false, 'awaited', 'jobs.owner 4: "it''s
over"; -- ü', 81384788765712388, 'jobs.nonce 4: "it''s
over"; -- ü', 1790000000.75, false, 'jobs.batch 4: "it''s
over"; -- ü', false, 81384788765712388, false, false, 81384788765712388, 81384788765712388, 81384788765712388);
INSERT INTO public.jobs VALUES ('jobs.id 5', 'jobs.slug 5: "it''s
over"; -- ü', '{"of":"jobs.body 5","umlaut":"\u00fc","lone":"\ud83d"}', '81384788765712384:81384788765712385', 5, 2, 1790000000.875, 1790000000.875, 81384788765712389, 81384788765712389, 81384788765712389, 81384788765712389, 'jobs.token 5: "it''s
over"; -- ü', 1790000000.875, 81384788765712389, 'jobs.locale 5: "it''s
over"; -- ü', 81384788765712389, true, true, true, 1790000000.875, 'READY', 1790000000.875, 1790000000.875, 'jobs.request_id 5: "it''s
over"; -- ü', 'jobs.output 5: "it''s
over"; -- ü', 1790000000.875, 'not found', 'jobs.detail 5: "it''s
over"; -- ü', 1790000000.875, false, 'kept', 'jobs.owner 5: "it''s
over"; -- ü', 81384788765712389, 'jobs.nonce 5: "it''s
over"; -- ü', 1790000000.875, true, 'jobs.batch 5: "it''s
over"; -- ü', true, 81384788765712389, true, true, 81384788765712389, 81384788765712389, 81384788765712389);
INSERT INTO public.jobs VALUES ('jobs.id 6', 'jobs.slug 6: "it''s
over"; -- ü', '{"of":"jobs.body 6","umlaut":"\u00fc","lone":"\ud83d"}', '81384788765712384:81384788765712385', 5, 2, 1790000001, 1790000001, 81384788765712390, 81384788765712390, 81384788765712390, 81384788765712390, 'jobs.token 6: "it''s
over"; -- ü', 1790000001, 81384788765712390, 'jobs.locale 6: "it''s
over"; -- ü', 81384788765712390, false, false, false, 1790000001, 'DONE', 1790000001, 1790000001, 'jobs.request_id 6: "it''s
over"; -- ü', 'jobs.output 6: "it''s
over"; -- ü', 1790000001, 'forgotten', 'jobs.detail 6: "it''s
over"; -- ü', 1790000001, false, 'gone', 'jobs.owner 6: "it''s
over"; -- ü', 81384788765712390, 'jobs.nonce 6: "it''s
over"; -- ü', 1790000001, false, 'jobs.batch 6: "it''s
over"; -- ü', false, 81384788765712390, false, false, 81384788765712390, 81384788765712390, 81384788765712390);
INSERT INTO public.jobs VALUES ('jobs.id 7', 'jobs.slug 7: "it''s
over"; -- ü', '{"of":"jobs.body 7","umlaut":"\u00fc","lone":"\ud83d"}', '81384788765712384:81384788765712385', 5, 2, 1790000001.125, 1790000001.125, 81384788765712391, 81384788765712391, 81384788765712391, 81384788765712391, 'jobs.token 7: "it''s
over"; -- ü', 1790000001.125, 81384788765712391, 'jobs.locale 7: "it''s
over"; -- ü', 81384788765712391, true, true, true, 1790000001.125, 'FAILED', 1790000001.125, 1790000001.125, 'jobs.request_id 7: "it''s
over"; -- ü', 'jobs.output 7: "it''s
over"; -- ü', 1790000001.125, 'result', 'jobs.detail 7: "it''s
over"; -- ü', 1790000001.125, false, 'edited', 'jobs.owner 7: "it''s
over"; -- ü', 81384788765712391, 'jobs.nonce 7: "it''s
over"; -- ü', 1790000001.125, true, 'jobs.batch 7: "it''s
over"; -- ü', true, 81384788765712391, true, true, 81384788765712391, 81384788765712391, 81384788765712391);
INSERT INTO public.jobs VALUES ('jobs.id 8', 'jobs.slug 8: "it''s
over"; -- ü', '{"of":"jobs.body 8","umlaut":"\u00fc","lone":"\ud83d"}', '81384788765712384:81384788765712385', 5, 2, 1790000001.25, 1790000001.25, 81384788765712392, 81384788765712392, 81384788765712392, 81384788765712392, 'jobs.token 8: "it''s
over"; -- ü', 1790000001.25, 81384788765712392, 'jobs.locale 8: "it''s
over"; -- ü', 81384788765712392, false, false, false, 1790000001.25, 'BLOCKED', 1790000001.25, 1790000001.25, 'jobs.request_id 8: "it''s
over"; -- ü', 'jobs.output 8: "it''s
over"; -- ü', 1790000001.25, 'withheld', 'jobs.detail 8: "it''s
over"; -- ü', 1790000001.25, false, 'replied', 'jobs.owner 8: "it''s
over"; -- ü', 81384788765712392, 'jobs.nonce 8: "it''s
over"; -- ü', 1790000001.25, false, 'jobs.batch 8: "it''s
over"; -- ü', false, 81384788765712392, false, false, 81384788765712392, 81384788765712392, 81384788765712392);
INSERT INTO public.jobs VALUES ('jobs.id 9', 'jobs.slug 9: "it''s
over"; -- ü', '{"of":"jobs.body 9","umlaut":"\u00fc","lone":"\ud83d"}', '81384788765712384:81384788765712385', 5, 2, 1790000001.375, 1790000001.375, 81384788765712393, 81384788765712393, 81384788765712393, 81384788765712393, 'jobs.token 9: "it''s
over"; -- ü', 1790000001.375, 81384788765712393, 'jobs.locale 9: "it''s
over"; -- ü', 81384788765712393, true, true, true, 1790000001.375, 'EXPIRED', 1790000001.375, 1790000001.375, 'jobs.request_id 9: "it''s
over"; -- ü', 'jobs.output 9: "it''s
over"; -- ü', 1790000001.375, 'awaited', 'jobs.detail 9: "it''s
over"; -- ü', 1790000001.375, false, 'direct', 'jobs.owner 9: "it''s
over"; -- ü', 81384788765712393, 'jobs.nonce 9: "it''s
over"; -- ü', 1790000001.375, true, 'jobs.batch 9: "it''s
over"; -- ü', true, 81384788765712393, true, true, 81384788765712393, 81384788765712393, 81384788765712393);
INSERT INTO public.jobs VALUES ('jobs.id 10', 'jobs.slug 10: "it''s
over"; -- ü', '{"of":"jobs.body 10","umlaut":"\u00fc","lone":"\ud83d"}', '81384788765712384:81384788765712385', 5, 2, 1790000001.5, 1790000001.5, 81384788765712394, 81384788765712394, 81384788765712394, 81384788765712394, 'jobs.token 10: "it''s
over"; -- ü', 1790000001.5, NULL, 'jobs.locale 10: "it''s
over"; -- ü', 81384788765712394, false, false, false, 1790000001.5, 'CANCELLED', NULL, NULL, NULL, NULL, NULL, 'unheard', NULL, NULL, true, 'awaited', 'jobs.owner 10: "it''s
over"; -- ü', 81384788765712394, 'jobs.nonce 10: "it''s
over"; -- ü', NULL, false, NULL, false, NULL, false, false, NULL, 81384788765712394, NULL);

INSERT INTO public.listed VALUES (1, 81384788765712385, 'exact', 'listed.mark 1: "it''s
over"; -- ü', 'listed.job_id 1: "it''s
over"; -- ü', 1790000000.375);
INSERT INTO public.listed VALUES (2, NULL, 'look', 'listed.mark 2: "it''s
over"; -- ü', 'listed.job_id 2: "it''s
over"; -- ü', 1790000000.5);

INSERT INTO public.notes VALUES ('notes.name 1', 'notes.text 1: "it''s
over"; -- ü');
INSERT INTO public.notes VALUES ('notes.name 2', 'notes.text 2: "it''s
over"; -- ü');

INSERT INTO public.owed_log_entries VALUES ('owed_log_entries.job_id 1', 1790000000.375);
INSERT INTO public.owed_log_entries VALUES ('owed_log_entries.job_id 2', 1790000000.5);

INSERT INTO public.people VALUES (81384788765712385, 'people.agreed_to 1: "it''s
over"; -- ü', 1790000000.375, 1790000000.375, 1790000000.375, true);
INSERT INTO public.people VALUES (81384788765712386, NULL, NULL, NULL, NULL, false);

INSERT INTO public.posts VALUES (81384788765712385, 81384788765712385, 'posts.job_id 1: "it''s
over"; -- ü', 1790000000.375, true);
INSERT INTO public.posts VALUES (81384788765712386, 81384788765712386, 'posts.job_id 2: "it''s
over"; -- ü', 1790000000.5, false);

INSERT INTO public.prints VALUES ('prints.job_id 1', 'prints.part 1', 'prints.exact 1: "it''s
over"; -- ü', 'prints.looks 1: "it''s
over"; -- ü', 1790000000.375);
INSERT INTO public.prints VALUES ('prints.job_id 2', 'prints.part 2', 'prints.exact 2: "it''s
over"; -- ü', 'prints.looks 2: "it''s
over"; -- ü', 1790000000.5);

INSERT INTO public.servers VALUES (81384788765712385, '{"of":"servers.rules 1","umlaut":"\u00fc","lone":"\ud83d"}', 1790000000.375);
INSERT INTO public.servers VALUES (81384788765712386, '{"of":"servers.rules 2","umlaut":"\u00fc","lone":"\ud83d"}', NULL);

INSERT INTO public.shards VALUES (81384788765712385, 81384788765712385, 'shards.owner 1: "it''s
over"; -- ü');
INSERT INTO public.shards VALUES (81384788765712386, 81384788765712386, 'shards.owner 2: "it''s
over"; -- ü');

INSERT INTO public.strikes VALUES (1, 81384788765712385, 1790000000.375);
INSERT INTO public.strikes VALUES (2, 81384788765712386, 1790000000.5);

INSERT INTO public.takedown_requests VALUES (1, 'takedown_requests.reference 1: "it''s
over"; -- ü', 'takedown_requests.name 1: "it''s
over"; -- ü', 'takedown_requests.contact 1: "it''s
over"; -- ü', 'takedown_requests.statement 1: "it''s
over"; -- ü', 'takedown_requests.signature 1: "it''s
over"; -- ü', 'takedown_requests.link 1: "it''s
over"; -- ü', 'takedown_requests.exact 1: "it''s
over"; -- ü', 'takedown_requests.looks 1: "it''s
over"; -- ü', 'takedown_requests.jobs 1: "it''s
over"; -- ü', 1790000000.375, 1790000000.375, 1790000000.375, 'removed', 1790000000.375, 1790000000.375);
INSERT INTO public.takedown_requests VALUES (2, 'takedown_requests.reference 2: "it''s
over"; -- ü', 'takedown_requests.name 2: "it''s
over"; -- ü', 'takedown_requests.contact 2: "it''s
over"; -- ü', 'takedown_requests.statement 2: "it''s
over"; -- ü', 'takedown_requests.signature 2: "it''s
over"; -- ü', 'takedown_requests.link 2: "it''s
over"; -- ü', 'takedown_requests.exact 2: "it''s
over"; -- ü', 'takedown_requests.looks 2: "it''s
over"; -- ü', 'takedown_requests.jobs 2: "it''s
over"; -- ü', 1790000000.5, 1790000000.5, 1790000000.5, 'declined', 1790000000.5, NULL);
INSERT INTO public.takedown_requests VALUES (3, 'takedown_requests.reference 3: "it''s
over"; -- ü', 'takedown_requests.name 3: "it''s
over"; -- ü', 'takedown_requests.contact 3: "it''s
over"; -- ü', 'takedown_requests.statement 3: "it''s
over"; -- ü', 'takedown_requests.signature 3: "it''s
over"; -- ü', 'takedown_requests.link 3: "it''s
over"; -- ü', NULL, 'takedown_requests.looks 3: "it''s
over"; -- ü', 'takedown_requests.jobs 3: "it''s
over"; -- ü', 1790000000.625, 1790000000.625, NULL, NULL, NULL, NULL);

INSERT INTO public.takedowns VALUES ('takedowns.job_id 1', 'takedowns.actor 1: "it''s
over"; -- ü', 1790000000.375);
INSERT INTO public.takedowns VALUES ('takedowns.job_id 2', 'takedowns.actor 2: "it''s
over"; -- ü', 1790000000.5);

INSERT INTO public.workers VALUES ('workers.id 1', 1790000000.375, true);
INSERT INTO public.workers VALUES ('workers.id 2', 1790000000.5, false);

SELECT pg_catalog.setval('public.case_notes_id_seq', 5, true);

SELECT pg_catalog.setval('public.cases_id_seq', 3, true);

SELECT pg_catalog.setval('public.deeds_id_seq', 2, true);

SELECT pg_catalog.setval('public.entries_id_seq', 9, true);

SELECT pg_catalog.setval('public.events_id_seq', 2, true);

SELECT pg_catalog.setval('public.listed_id_seq', 2, true);

SELECT pg_catalog.setval('public.strikes_id_seq', 2, true);

SELECT pg_catalog.setval('public.takedown_requests_id_seq', 3, true);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_pkey PRIMARY KEY (job_id);

ALTER TABLE ONLY public.avatar_consents
    ADD CONSTRAINT avatar_consents_pkey PRIMARY KEY (user_id, guild_id);

ALTER TABLE ONLY public.budgets
    ADD CONSTRAINT budgets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.case_cards
    ADD CONSTRAINT case_cards_pkey PRIMARY KEY (message_id);

ALTER TABLE ONLY public.case_notes
    ADD CONSTRAINT case_notes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.deeds
    ADD CONSTRAINT deeds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.entries
    ADD CONSTRAINT entries_once_per_job UNIQUE (job_id, kind);

ALTER TABLE ONLY public.entries
    ADD CONSTRAINT entries_once_per_receipt UNIQUE (receipt);

ALTER TABLE ONLY public.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.faces
    ADD CONSTRAINT faces_pkey PRIMARY KEY (user_id, key);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_request_id_once UNIQUE (request_id);

ALTER TABLE ONLY public.listed
    ADD CONSTRAINT listed_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.owed_log_entries
    ADD CONSTRAINT owed_log_entries_pkey PRIMARY KEY (job_id);

ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (message_id);

ALTER TABLE ONLY public.prints
    ADD CONSTRAINT prints_pkey PRIMARY KEY (job_id, part);

ALTER TABLE ONLY public.servers
    ADD CONSTRAINT servers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.shards
    ADD CONSTRAINT shards_pkey PRIMARY KEY (total, number);

ALTER TABLE ONLY public.strikes
    ADD CONSTRAINT strikes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.takedown_requests
    ADD CONSTRAINT takedown_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.takedown_requests
    ADD CONSTRAINT takedown_requests_reference_key UNIQUE (reference);

ALTER TABLE ONLY public.takedowns
    ADD CONSTRAINT takedowns_pkey PRIMARY KEY (job_id);

ALTER TABLE ONLY public.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (id);

CREATE INDEX approvals_waiting ON public.approvals USING btree (lapses_at) WHERE (verdict = ANY (ARRAY['waiting'::text, 'withdrawn'::text]));

CREATE INDEX case_cards_of_case ON public.case_cards USING btree (case_id);

CREATE INDEX case_notes_of_case ON public.case_notes USING btree (case_id);

CREATE UNIQUE INDEX cases_open_once ON public.cases USING btree (job_id) WHERE (closed_at IS NULL);

CREATE INDEX deeds_of_server ON public.deeds USING btree (guild_id, id);

CREATE INDEX entries_of_account ON public.entries USING btree (account, id, amount, of_allowance);

CREATE UNIQUE INDEX entries_of_gift ON public.entries USING btree (gift, kind) WHERE (gift IS NOT NULL);

CREATE UNIQUE INDEX entries_one_settlement ON public.entries USING btree (job_id) WHERE (kind = ANY (ARRAY['capture'::text, 'release'::text]));

CREATE INDEX events_of_server ON public.events USING btree (guild_id, until);

CREATE INDEX faces_by_end ON public.faces USING btree (expires_at);

CREATE UNIQUE INDEX faces_one_default ON public.faces USING btree (user_id) WHERE is_default;

CREATE INDEX jobs_at_segmind ON public.jobs USING btree (account, guild_id) WHERE (state = ANY (ARRAY['SUBMITTING'::text, 'UNKNOWN'::text, 'SUBMITTED'::text]));

CREATE INDEX jobs_of_batch ON public.jobs USING btree (batch) WHERE (batch IS NOT NULL);

CREATE INDEX jobs_of_event ON public.jobs USING btree (event) WHERE (event IS NOT NULL);

CREATE INDEX jobs_of_member ON public.jobs USING btree (user_id, id);

CREATE INDEX jobs_of_server ON public.jobs USING btree (guild_id, created_at);

CREATE INDEX jobs_open ON public.jobs USING btree (created_at) WHERE (NOT told);

CREATE INDEX jobs_settled ON public.jobs USING btree (settled_at) WHERE (settled_at IS NOT NULL);

CREATE INDEX jobs_to_cancel ON public.jobs USING btree (owner) WHERE ((state = 'HELD'::text) AND cancel_requested);

CREATE INDEX jobs_with_avatar ON public.jobs USING btree (avatar_of, id) WHERE (avatar_of IS NOT NULL);

CREATE INDEX jobs_with_slots ON public.jobs USING btree (slot_since) WHERE ((state = 'HELD'::text) AND (slot_since IS NOT NULL));

CREATE INDEX listed_marks ON public.listed USING btree (mark, kind);

CREATE INDEX posts_of_job ON public.posts USING btree (job_id);

CREATE INDEX strikes_of_member ON public.strikes USING btree (user_id, at);

CREATE TRIGGER deeds_no_rewriting BEFORE DELETE OR TRUNCATE ON public.deeds FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();

CREATE TRIGGER deeds_no_update BEFORE UPDATE ON public.deeds FOR EACH ROW WHEN ((NOT ((new.id = old.id) AND (NOT (new.guild_id IS DISTINCT FROM old.guild_id)) AND (new.deed = old.deed) AND (new.at = old.at) AND ((new.actor = old.actor) OR (new.actor = 'forgotten'::text)) AND (length(new.facts) <= length(old.facts))))) EXECUTE FUNCTION public.append_only();

CREATE TRIGGER entries_keep_gift BEFORE UPDATE ON public.entries FOR EACH ROW WHEN ((new.gift IS DISTINCT FROM old.gift)) EXECUTE FUNCTION public.append_only();

CREATE TRIGGER entries_no_rewriting BEFORE DELETE OR TRUNCATE ON public.entries FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();

CREATE TRIGGER entries_no_update BEFORE UPDATE ON public.entries FOR EACH ROW WHEN ((NOT ((new.id = old.id) AND (NOT (new.job_id IS DISTINCT FROM old.job_id)) AND (new.kind = old.kind) AND (new.amount = old.amount) AND (new.of_allowance = old.of_allowance) AND (new.at = old.at) AND (NOT (new.receipt IS DISTINCT FROM old.receipt)) AND ((new.account = old.account) OR (new.account ~~ '%forgotten-%'::text)) AND ((NOT (new.actor IS DISTINCT FROM old.actor)) OR (new.actor = 'forgotten'::text)) AND ((NOT (new.why IS DISTINCT FROM old.why)) OR (new.why IS NULL))))) EXECUTE FUNCTION public.append_only();

ALTER TABLE ONLY public.case_cards
    ADD CONSTRAINT case_cards_case FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.case_notes
    ADD CONSTRAINT case_notes_case FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.entries
    ADD CONSTRAINT entries_account FOREIGN KEY (account) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_account FOREIGN KEY (account) REFERENCES public.accounts(id);

BEGIN TRANSACTION;
CREATE TABLE accounts (
	id TEXT NOT NULL, 
	allowance INTEGER NOT NULL, 
	granted INTEGER NOT NULL, 
	held INTEGER NOT NULL, 
	used INTEGER NOT NULL, 
	since REAL NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT accounts_allowance_is_not_negative CHECK (allowance >= 0), 
	CONSTRAINT accounts_granted_is_not_negative CHECK (granted >= 0), 
	CONSTRAINT accounts_held_is_not_negative CHECK (held >= 0)
)
 STRICT

;
INSERT INTO "accounts" VALUES('81384788765712384:81384788765712385',81384788765712385,81384788765712385,81384788765712385,81384788765712385,1790000000.375);
INSERT INTO "accounts" VALUES('direct:81384788765712385',81384788765712386,81384788765712386,81384788765712386,81384788765712386,1790000000.5);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('2');
CREATE TABLE approvals (
	job_id TEXT NOT NULL, 
	guild_id INTEGER NOT NULL, 
	asked_at REAL NOT NULL, 
	lapses_at REAL NOT NULL, 
	verdict TEXT NOT NULL, 
	decided_by INTEGER NOT NULL, 
	decided_at REAL, 
	channel_id INTEGER, 
	message_id INTEGER, 
	PRIMARY KEY (job_id), 
	CONSTRAINT approvals_verdict_is_known CHECK (verdict IN ('waiting', 'approved', 'rejected', 'lapsed', 'withdrawn')), 
	CONSTRAINT approvals_decided_at_some_time CHECK ((verdict IN ('approved', 'rejected', 'lapsed')) = (decided_at IS NOT NULL))
)
 STRICT

;
INSERT INTO "approvals" VALUES('approvals.job_id 1',81384788765712385,1790000000.375,1790000000.375,'waiting',81384788765712385,NULL,81384788765712385,81384788765712385);
INSERT INTO "approvals" VALUES('approvals.job_id 2',81384788765712386,1790000000.5,1790000000.5,'approved',81384788765712386,1790000000.25,81384788765712386,81384788765712386);
INSERT INTO "approvals" VALUES('approvals.job_id 3',81384788765712387,1790000000.625,1790000000.625,'rejected',81384788765712387,1790000000.25,81384788765712387,81384788765712387);
INSERT INTO "approvals" VALUES('approvals.job_id 4',81384788765712388,1790000000.75,1790000000.75,'lapsed',81384788765712388,1790000000.25,81384788765712388,81384788765712388);
INSERT INTO "approvals" VALUES('approvals.job_id 5',81384788765712389,1790000000.875,1790000000.875,'withdrawn',81384788765712389,NULL,NULL,NULL);
CREATE TABLE avatar_consents (
	user_id INTEGER NOT NULL, 
	guild_id INTEGER NOT NULL, 
	given_at REAL NOT NULL, 
	notify INTEGER NOT NULL, 
	locale TEXT NOT NULL, 
	PRIMARY KEY (user_id, guild_id)
)
 STRICT

;
INSERT INTO "avatar_consents" VALUES(81384788765712385,81384788765712385,1790000000.375,1,'avatar_consents.locale 1: "it''s
over"; -- ü');
INSERT INTO "avatar_consents" VALUES(81384788765712386,81384788765712386,1790000000.5,0,'avatar_consents.locale 2: "it''s
over"; -- ü');
CREATE TABLE "budgets" (
	id TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	guild_id INTEGER, 
	since REAL NOT NULL, 
	until REAL NOT NULL, 
	spent INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT budgets_spent_is_not_negative CHECK (spent >= 0), 
	CONSTRAINT budgets_scope_is_known CHECK (scope IN ('server', 'grants', 'operator'))
)
 STRICT

;
INSERT INTO "budgets" VALUES('budgets.id 1','server',81384788765712385,1790000000.375,1790000000.375,81384788765712385);
INSERT INTO "budgets" VALUES('budgets.id 2','grants',81384788765712386,1790000000.5,1790000000.5,81384788765712386);
INSERT INTO "budgets" VALUES('budgets.id 3','operator',NULL,1790000000.625,1790000000.625,81384788765712387);
CREATE TABLE case_cards (
	message_id INTEGER NOT NULL, 
	channel_id INTEGER NOT NULL, 
	case_id INTEGER NOT NULL, 
	PRIMARY KEY (message_id), 
	CONSTRAINT case_cards_case FOREIGN KEY(case_id) REFERENCES cases (id) ON DELETE CASCADE
)
 STRICT

;
INSERT INTO "case_cards" VALUES(81384788765712385,81384788765712385,1);
INSERT INTO "case_cards" VALUES(81384788765712386,81384788765712386,2);
CREATE TABLE case_notes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	case_id INTEGER NOT NULL, 
	author INTEGER NOT NULL, 
	at REAL NOT NULL, 
	words TEXT NOT NULL, 
	complaint TEXT, 
	CONSTRAINT case_notes_case FOREIGN KEY(case_id) REFERENCES cases (id) ON DELETE CASCADE
)
 STRICT

;
INSERT INTO "case_notes" VALUES(1,1,81384788765712385,1790000000.375,'case_notes.words 1: "it''s
over"; -- ü','consent');
INSERT INTO "case_notes" VALUES(2,1,81384788765712386,1790000000.5,'case_notes.words 2: "it''s
over"; -- ü','intimate');
INSERT INTO "case_notes" VALUES(3,1,81384788765712387,1790000000.625,'case_notes.words 3: "it''s
over"; -- ü','child');
INSERT INTO "case_notes" VALUES(4,1,81384788765712388,1790000000.75,'case_notes.words 4: "it''s
over"; -- ü','deceit');
INSERT INTO "case_notes" VALUES(5,1,81384788765712389,1790000000.875,'case_notes.words 5: "it''s
over"; -- ü','something_else');
CREATE TABLE cases (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id TEXT NOT NULL, 
	guild_id INTEGER, 
	reporter INTEGER NOT NULL, 
	opened_at REAL NOT NULL, 
	steps TEXT NOT NULL, 
	closed_at REAL, 
	closed_by INTEGER, 
	escalated_at REAL, 
	channel_id INTEGER, 
	message_id INTEGER
, told_to TEXT)
 STRICT

;
INSERT INTO "cases" VALUES(1,'cases.job_id 1: "it''s
over"; -- ü',81384788765712385,81384788765712385,1790000000.375,'cases.steps 1: "it''s
over"; -- ü',1790000000.375,81384788765712385,1790000000.375,81384788765712385,81384788765712385,'log');
INSERT INTO "cases" VALUES(2,'cases.job_id 2: "it''s
over"; -- ü',81384788765712386,81384788765712386,1790000000.5,'cases.steps 2: "it''s
over"; -- ü',1790000000.5,81384788765712386,1790000000.5,81384788765712386,81384788765712386,'operators');
INSERT INTO "cases" VALUES(3,'cases.job_id 3: "it''s
over"; -- ü',NULL,81384788765712387,1790000000.625,'cases.steps 3: "it''s
over"; -- ü',NULL,NULL,NULL,NULL,NULL,'owner');
CREATE TABLE deeds (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	guild_id INTEGER, 
	actor TEXT NOT NULL, 
	deed TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	at REAL NOT NULL
)
 STRICT

;
INSERT INTO "deeds" VALUES(1,81384788765712385,'deeds.actor 1: "it''s
over"; -- ü','deeds.deed 1: "it''s
over"; -- ü','{"of":"deeds.facts 1","umlaut":"\u00fc","lone":"\ud83d"}',1790000000.375);
INSERT INTO "deeds" VALUES(2,NULL,'deeds.actor 2: "it''s
over"; -- ü','deeds.deed 2: "it''s
over"; -- ü','{"of":"deeds.facts 2","umlaut":"\u00fc","lone":"\ud83d"}',1790000000.5);
CREATE TABLE entries (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account TEXT NOT NULL, 
	job_id TEXT, 
	kind TEXT NOT NULL, 
	amount INTEGER NOT NULL, 
	of_allowance INTEGER NOT NULL, 
	at REAL NOT NULL, 
	actor TEXT, 
	why TEXT, 
	receipt TEXT, gift TEXT, 
	CONSTRAINT entries_once_per_job UNIQUE (job_id, kind), 
	CONSTRAINT entries_once_per_receipt UNIQUE (receipt), 
	CONSTRAINT entries_receipt_is_for_a_grant CHECK (receipt IS NULL OR kind = 'grant'), 
	CONSTRAINT entries_kind_is_known CHECK (kind IN ('grant', 'allowance', 'hold', 'capture', 'release', 'adjust')), 
	CONSTRAINT entries_job_fits_the_kind CHECK (CASE WHEN kind IN ('hold', 'capture', 'release') THEN job_id IS NOT NULL WHEN kind IN ('grant', 'allowance') THEN job_id IS NULL ELSE true END), 
	CONSTRAINT entries_amount_fits_the_kind CHECK ((kind = 'grant' AND amount > 0 AND of_allowance = 0) OR (kind = 'adjust' AND of_allowance = 0) OR (kind = 'allowance' AND amount = of_allowance) OR (kind = 'hold' AND amount <= of_allowance AND of_allowance <= 0) OR (kind = 'capture' AND amount = 0 AND of_allowance = 0) OR (kind = 'release' AND amount >= of_allowance AND of_allowance >= 0)), 
	CONSTRAINT entries_account FOREIGN KEY(account) REFERENCES accounts (id)
)
 STRICT

;
INSERT INTO "entries" VALUES(1,'81384788765712384:81384788765712385',NULL,'grant',100,0,1790000000.375,'entries.actor 1: "it''s
over"; -- ü','entries.why 1: "it''s
over"; -- ü','bought',NULL);
INSERT INTO "entries" VALUES(2,'81384788765712384:81384788765712385',NULL,'allowance',50,50,1790000000.5,'entries.actor 2: "it''s
over"; -- ü','entries.why 2: "it''s
over"; -- ü',NULL,NULL);
INSERT INTO "entries" VALUES(3,'81384788765712384:81384788765712385',NULL,'adjust',-3,0,1790000000.625,'entries.actor 3: "it''s
over"; -- ü','entries.why 3: "it''s
over"; -- ü',NULL,NULL);
INSERT INTO "entries" VALUES(4,'81384788765712384:81384788765712385',NULL,'adjust',-4,0,1790000000.75,'entries.actor 4: "it''s
over"; -- ü','entries.why 4: "it''s
over"; -- ü',NULL,'a gift');
INSERT INTO "entries" VALUES(5,'81384788765712384:81384788765712385',NULL,'grant',4,0,1790000000.875,'entries.actor 5: "it''s
over"; -- ü','entries.why 5: "it''s
over"; -- ü',NULL,'a gift');
INSERT INTO "entries" VALUES(6,'81384788765712384:81384788765712385','jobs.id 1','hold',-5,-2,1790000001.0,'entries.actor 6: "it''s
over"; -- ü','entries.why 6: "it''s
over"; -- ü',NULL,NULL);
INSERT INTO "entries" VALUES(7,'81384788765712384:81384788765712385','jobs.id 1','capture',0,0,1790000001.125,'entries.actor 7: "it''s
over"; -- ü','entries.why 7: "it''s
over"; -- ü',NULL,NULL);
INSERT INTO "entries" VALUES(8,'81384788765712384:81384788765712385','jobs.id 2','hold',-5,-2,1790000001.25,'entries.actor 8: "it''s
over"; -- ü','entries.why 8: "it''s
over"; -- ü',NULL,NULL);
INSERT INTO "entries" VALUES(9,'81384788765712384:81384788765712385','jobs.id 2','release',5,2,1790000001.375,NULL,NULL,NULL,NULL);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	guild_id INTEGER NOT NULL, 
	models TEXT NOT NULL, 
	discount INTEGER NOT NULL, 
	cap INTEGER NOT NULL, 
	since REAL NOT NULL, 
	until REAL NOT NULL, 
	CONSTRAINT events_discount_is_a_percentage CHECK (discount BETWEEN 1 AND 100), 
	CONSTRAINT events_cap_is_positive CHECK (cap > 0)
)
 STRICT

;
INSERT INTO "events" VALUES(1,81384788765712385,'{"of":"events.models 1","umlaut":"\u00fc","lone":"\ud83d"}',100,50,1790000000.375,1790000000.375);
INSERT INTO "events" VALUES(2,81384788765712386,'{"of":"events.models 2","umlaut":"\u00fc","lone":"\ud83d"}',25,7,1790000000.5,1790000000.5);
CREATE TABLE faces (
	user_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	saved_at REAL NOT NULL, 
	expires_at REAL NOT NULL, 
	is_default INTEGER NOT NULL, 
	sealed BLOB NOT NULL, 
	PRIMARY KEY (user_id, "key")
)
 STRICT

;
INSERT INTO "faces" VALUES(81384788765712385,'faces.key 1','faces.name 1: "it''s
over"; -- ü',81384788765712385,1790000000.375,1790000000.375,1,X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF66616365732E7365616C65642031');
INSERT INTO "faces" VALUES(81384788765712386,'faces.key 2','faces.name 2: "it''s
over"; -- ü',81384788765712386,1790000000.5,1790000000.5,0,X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF66616365732E7365616C65642032');
CREATE TABLE jobs (
	id TEXT NOT NULL, 
	slug TEXT NOT NULL, 
	body TEXT NOT NULL, 
	account TEXT NOT NULL, 
	price INTEGER NOT NULL, 
	from_allowance INTEGER NOT NULL, 
	allowance_until REAL NOT NULL, 
	expected REAL NOT NULL, 
	user_id INTEGER NOT NULL, 
	channel_id INTEGER NOT NULL, 
	message_id INTEGER NOT NULL, 
	application_id INTEGER NOT NULL, 
	token TEXT NOT NULL, 
	token_until REAL NOT NULL, 
	guild_id INTEGER, 
	locale TEXT NOT NULL, 
	upload_limit INTEGER NOT NULL, 
	hidden INTEGER NOT NULL, 
	spoiler INTEGER NOT NULL, 
	direct INTEGER NOT NULL, 
	created_at REAL NOT NULL, 
	state TEXT NOT NULL, 
	video_seconds REAL, 
	submitted_at REAL, 
	request_id TEXT, 
	output TEXT, 
	cost REAL, 
	reason TEXT, 
	detail TEXT, 
	settled_at REAL, 
	told INTEGER NOT NULL, 
	delivery TEXT, 
	owner TEXT NOT NULL, 
	epoch INTEGER NOT NULL, nonce TEXT DEFAULT '' NOT NULL, slot_since REAL, has_slot INTEGER DEFAULT 0 NOT NULL, batch TEXT, cancel_requested INTEGER DEFAULT 0 NOT NULL, gif_loops INTEGER, agreed INTEGER DEFAULT 0 NOT NULL, doubtful INTEGER DEFAULT 0 NOT NULL, avatar_of INTEGER, subsidy INTEGER DEFAULT 0 NOT NULL, event INTEGER, 
	PRIMARY KEY (id), 
	CONSTRAINT jobs_request_id_once UNIQUE (request_id), 
	CONSTRAINT jobs_price_is_not_negative CHECK (price >= 0), 
	CONSTRAINT jobs_allowance_is_part_of_the_price CHECK (from_allowance BETWEEN 0 AND price), 
	CONSTRAINT jobs_state_is_known CHECK (state IN ('HELD', 'SUBMITTING', 'UNKNOWN', 'SUBMITTED', 'READY', 'DONE', 'FAILED', 'BLOCKED', 'EXPIRED', 'CANCELLED')), 
	CONSTRAINT jobs_told_of_an_end CHECK (NOT told OR state IN ('DONE', 'FAILED', 'BLOCKED', 'EXPIRED', 'CANCELLED')), 
	CONSTRAINT jobs_account FOREIGN KEY(account) REFERENCES accounts (id)
)
 STRICT

;
INSERT INTO "jobs" VALUES('jobs.id 1','jobs.slug 1: "it''s
over"; -- ü','{"of":"jobs.body 1","umlaut":"\u00fc","lone":"\ud83d"}','81384788765712384:81384788765712385',5,2,1790000000.375,1790000000.375,81384788765712385,81384788765712385,81384788765712385,81384788765712385,'jobs.token 1: "it''s
over"; -- ü',1790000000.375,81384788765712385,'jobs.locale 1: "it''s
over"; -- ü',81384788765712385,1,1,1,1790000000.375,'HELD',1790000000.375,1790000000.375,'jobs.request_id 1: "it''s
over"; -- ü','jobs.output 1: "it''s
over"; -- ü',1790000000.375,'segmind','jobs.detail 1: "it''s
over"; -- ü',1790000000.375,0,'edited','jobs.owner 1: "it''s
over"; -- ü',81384788765712385,'jobs.nonce 1: "it''s
over"; -- ü',1790000000.375,1,'jobs.batch 1: "it''s
over"; -- ü',1,81384788765712385,1,1,81384788765712385,81384788765712385,81384788765712385);
INSERT INTO "jobs" VALUES('jobs.id 2','jobs.slug 2: "it''s
over"; -- ü','{"of":"jobs.body 2","umlaut":"\u00fc","lone":"\ud83d"}','81384788765712384:81384788765712385',5,2,1790000000.5,1790000000.5,81384788765712386,81384788765712386,81384788765712386,81384788765712386,'jobs.token 2: "it''s
over"; -- ü',1790000000.5,81384788765712386,'jobs.locale 2: "it''s
over"; -- ü',81384788765712386,0,0,0,1790000000.5,'SUBMITTING',1790000000.5,1790000000.5,'jobs.request_id 2: "it''s
over"; -- ü','jobs.output 2: "it''s
over"; -- ü',1790000000.5,'parameters','jobs.detail 2: "it''s
over"; -- ü',1790000000.5,0,'replied','jobs.owner 2: "it''s
over"; -- ü',81384788765712386,'jobs.nonce 2: "it''s
over"; -- ü',1790000000.5,0,'jobs.batch 2: "it''s
over"; -- ü',0,81384788765712386,0,0,81384788765712386,81384788765712386,81384788765712386);
INSERT INTO "jobs" VALUES('jobs.id 3','jobs.slug 3: "it''s
over"; -- ü','{"of":"jobs.body 3","umlaut":"\u00fc","lone":"\ud83d"}','81384788765712384:81384788765712385',5,2,1790000000.625,1790000000.625,81384788765712387,81384788765712387,81384788765712387,81384788765712387,'jobs.token 3: "it''s
over"; -- ü',1790000000.625,81384788765712387,'jobs.locale 3: "it''s
over"; -- ü',81384788765712387,1,1,1,1790000000.625,'UNKNOWN',1790000000.625,1790000000.625,'jobs.request_id 3: "it''s
over"; -- ü','jobs.output 3: "it''s
over"; -- ü',1790000000.625,'service','jobs.detail 3: "it''s
over"; -- ü',1790000000.625,0,'direct','jobs.owner 3: "it''s
over"; -- ü',81384788765712387,'jobs.nonce 3: "it''s
over"; -- ü',1790000000.625,1,'jobs.batch 3: "it''s
over"; -- ü',1,81384788765712387,1,1,81384788765712387,81384788765712387,81384788765712387);
INSERT INTO "jobs" VALUES('jobs.id 4','jobs.slug 4: "it''s
over"; -- ü','{"of":"jobs.body 4","umlaut":"\u00fc","lone":"\ud83d"}','81384788765712384:81384788765712385',5,2,1790000000.75,1790000000.75,81384788765712388,81384788765712388,81384788765712388,81384788765712388,'jobs.token 4: "it''s
over"; -- ü',1790000000.75,81384788765712388,'jobs.locale 4: "it''s
over"; -- ü',81384788765712388,0,0,0,1790000000.75,'SUBMITTED',1790000000.75,1790000000.75,'jobs.request_id 4: "it''s
over"; -- ü','jobs.output 4: "it''s
over"; -- ü',1790000000.75,'unreachable','jobs.detail 4: "it''s
over"; -- ü',1790000000.75,0,'awaited','jobs.owner 4: "it''s
over"; -- ü',81384788765712388,'jobs.nonce 4: "it''s
over"; -- ü',1790000000.75,0,'jobs.batch 4: "it''s
over"; -- ü',0,81384788765712388,0,0,81384788765712388,81384788765712388,81384788765712388);
INSERT INTO "jobs" VALUES('jobs.id 5','jobs.slug 5: "it''s
over"; -- ü','{"of":"jobs.body 5","umlaut":"\u00fc","lone":"\ud83d"}','81384788765712384:81384788765712385',5,2,1790000000.875,1790000000.875,81384788765712389,81384788765712389,81384788765712389,81384788765712389,'jobs.token 5: "it''s
over"; -- ü',1790000000.875,81384788765712389,'jobs.locale 5: "it''s
over"; -- ü',81384788765712389,1,1,1,1790000000.875,'READY',1790000000.875,1790000000.875,'jobs.request_id 5: "it''s
over"; -- ü','jobs.output 5: "it''s
over"; -- ü',1790000000.875,'not found','jobs.detail 5: "it''s
over"; -- ü',1790000000.875,0,'kept','jobs.owner 5: "it''s
over"; -- ü',81384788765712389,'jobs.nonce 5: "it''s
over"; -- ü',1790000000.875,1,'jobs.batch 5: "it''s
over"; -- ü',1,81384788765712389,1,1,81384788765712389,81384788765712389,81384788765712389);
INSERT INTO "jobs" VALUES('jobs.id 6','jobs.slug 6: "it''s
over"; -- ü','{"of":"jobs.body 6","umlaut":"\u00fc","lone":"\ud83d"}','81384788765712384:81384788765712385',5,2,1790000001.0,1790000001.0,81384788765712390,81384788765712390,81384788765712390,81384788765712390,'jobs.token 6: "it''s
over"; -- ü',1790000001.0,81384788765712390,'jobs.locale 6: "it''s
over"; -- ü',81384788765712390,0,0,0,1790000001.0,'DONE',1790000001.0,1790000001.0,'jobs.request_id 6: "it''s
over"; -- ü','jobs.output 6: "it''s
over"; -- ü',1790000001.0,'forgotten','jobs.detail 6: "it''s
over"; -- ü',1790000001.0,0,'gone','jobs.owner 6: "it''s
over"; -- ü',81384788765712390,'jobs.nonce 6: "it''s
over"; -- ü',1790000001.0,0,'jobs.batch 6: "it''s
over"; -- ü',0,81384788765712390,0,0,81384788765712390,81384788765712390,81384788765712390);
INSERT INTO "jobs" VALUES('jobs.id 7','jobs.slug 7: "it''s
over"; -- ü','{"of":"jobs.body 7","umlaut":"\u00fc","lone":"\ud83d"}','81384788765712384:81384788765712385',5,2,1790000001.125,1790000001.125,81384788765712391,81384788765712391,81384788765712391,81384788765712391,'jobs.token 7: "it''s
over"; -- ü',1790000001.125,81384788765712391,'jobs.locale 7: "it''s
over"; -- ü',81384788765712391,1,1,1,1790000001.125,'FAILED',1790000001.125,1790000001.125,'jobs.request_id 7: "it''s
over"; -- ü','jobs.output 7: "it''s
over"; -- ü',1790000001.125,'result','jobs.detail 7: "it''s
over"; -- ü',1790000001.125,0,'edited','jobs.owner 7: "it''s
over"; -- ü',81384788765712391,'jobs.nonce 7: "it''s
over"; -- ü',1790000001.125,1,'jobs.batch 7: "it''s
over"; -- ü',1,81384788765712391,1,1,81384788765712391,81384788765712391,81384788765712391);
INSERT INTO "jobs" VALUES('jobs.id 8','jobs.slug 8: "it''s
over"; -- ü','{"of":"jobs.body 8","umlaut":"\u00fc","lone":"\ud83d"}','81384788765712384:81384788765712385',5,2,1790000001.25,1790000001.25,81384788765712392,81384788765712392,81384788765712392,81384788765712392,'jobs.token 8: "it''s
over"; -- ü',1790000001.25,81384788765712392,'jobs.locale 8: "it''s
over"; -- ü',81384788765712392,0,0,0,1790000001.25,'BLOCKED',1790000001.25,1790000001.25,'jobs.request_id 8: "it''s
over"; -- ü','jobs.output 8: "it''s
over"; -- ü',1790000001.25,'withheld','jobs.detail 8: "it''s
over"; -- ü',1790000001.25,0,'replied','jobs.owner 8: "it''s
over"; -- ü',81384788765712392,'jobs.nonce 8: "it''s
over"; -- ü',1790000001.25,0,'jobs.batch 8: "it''s
over"; -- ü',0,81384788765712392,0,0,81384788765712392,81384788765712392,81384788765712392);
INSERT INTO "jobs" VALUES('jobs.id 9','jobs.slug 9: "it''s
over"; -- ü','{"of":"jobs.body 9","umlaut":"\u00fc","lone":"\ud83d"}','81384788765712384:81384788765712385',5,2,1790000001.375,1790000001.375,81384788765712393,81384788765712393,81384788765712393,81384788765712393,'jobs.token 9: "it''s
over"; -- ü',1790000001.375,81384788765712393,'jobs.locale 9: "it''s
over"; -- ü',81384788765712393,1,1,1,1790000001.375,'EXPIRED',1790000001.375,1790000001.375,'jobs.request_id 9: "it''s
over"; -- ü','jobs.output 9: "it''s
over"; -- ü',1790000001.375,'awaited','jobs.detail 9: "it''s
over"; -- ü',1790000001.375,0,'direct','jobs.owner 9: "it''s
over"; -- ü',81384788765712393,'jobs.nonce 9: "it''s
over"; -- ü',1790000001.375,1,'jobs.batch 9: "it''s
over"; -- ü',1,81384788765712393,1,1,81384788765712393,81384788765712393,81384788765712393);
INSERT INTO "jobs" VALUES('jobs.id 10','jobs.slug 10: "it''s
over"; -- ü','{"of":"jobs.body 10","umlaut":"\u00fc","lone":"\ud83d"}','81384788765712384:81384788765712385',5,2,1790000001.5,1790000001.5,81384788765712394,81384788765712394,81384788765712394,81384788765712394,'jobs.token 10: "it''s
over"; -- ü',1790000001.5,NULL,'jobs.locale 10: "it''s
over"; -- ü',81384788765712394,0,0,0,1790000001.5,'CANCELLED',NULL,NULL,NULL,NULL,NULL,'unheard',NULL,NULL,1,'awaited','jobs.owner 10: "it''s
over"; -- ü',81384788765712394,'jobs.nonce 10: "it''s
over"; -- ü',NULL,0,NULL,0,NULL,0,0,NULL,81384788765712394,NULL);
CREATE TABLE listed (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	guild_id INTEGER, 
	kind TEXT NOT NULL, 
	mark TEXT NOT NULL, 
	job_id TEXT NOT NULL, 
	at REAL NOT NULL, 
	CONSTRAINT listed_kind_is_known CHECK (kind IN ('exact', 'look'))
)
 STRICT

;
INSERT INTO "listed" VALUES(1,81384788765712385,'exact','listed.mark 1: "it''s
over"; -- ü','listed.job_id 1: "it''s
over"; -- ü',1790000000.375);
INSERT INTO "listed" VALUES(2,NULL,'look','listed.mark 2: "it''s
over"; -- ü','listed.job_id 2: "it''s
over"; -- ü',1790000000.5);
CREATE TABLE notes (
	name TEXT NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (name)
)
 STRICT

;
INSERT INTO "notes" VALUES('notes.name 1','notes.text 1: "it''s
over"; -- ü');
INSERT INTO "notes" VALUES('notes.name 2','notes.text 2: "it''s
over"; -- ü');
CREATE TABLE owed_log_entries (
	job_id TEXT NOT NULL, 
	at REAL NOT NULL, 
	PRIMARY KEY (job_id)
)
 STRICT

;
INSERT INTO "owed_log_entries" VALUES('owed_log_entries.job_id 1',1790000000.375);
INSERT INTO "owed_log_entries" VALUES('owed_log_entries.job_id 2',1790000000.5);
CREATE TABLE people (
	user_id INTEGER NOT NULL, 
	agreed_to TEXT, 
	agreed_at REAL, 
	opted_out_at REAL, 
	left_at REAL, confirms INTEGER DEFAULT 0 NOT NULL, 
	PRIMARY KEY (user_id)
)
 STRICT

;
INSERT INTO "people" VALUES(81384788765712385,'people.agreed_to 1: "it''s
over"; -- ü',1790000000.375,1790000000.375,1790000000.375,1);
INSERT INTO "people" VALUES(81384788765712386,NULL,NULL,NULL,NULL,0);
CREATE TABLE posts (
	message_id INTEGER NOT NULL, 
	channel_id INTEGER NOT NULL, 
	job_id TEXT NOT NULL, 
	at REAL NOT NULL, in_log INTEGER DEFAULT 0 NOT NULL, 
	PRIMARY KEY (message_id)
)
 STRICT

;
INSERT INTO "posts" VALUES(81384788765712385,81384788765712385,'posts.job_id 1: "it''s
over"; -- ü',1790000000.375,1);
INSERT INTO "posts" VALUES(81384788765712386,81384788765712386,'posts.job_id 2: "it''s
over"; -- ü',1790000000.5,0);
CREATE TABLE prints (
	job_id TEXT NOT NULL, 
	part TEXT NOT NULL, 
	exact TEXT NOT NULL, 
	looks TEXT NOT NULL, 
	at REAL NOT NULL, 
	PRIMARY KEY (job_id, part)
)
 STRICT

;
INSERT INTO "prints" VALUES('prints.job_id 1','prints.part 1','prints.exact 1: "it''s
over"; -- ü','prints.looks 1: "it''s
over"; -- ü',1790000000.375);
INSERT INTO "prints" VALUES('prints.job_id 2','prints.part 2','prints.exact 2: "it''s
over"; -- ü','prints.looks 2: "it''s
over"; -- ü',1790000000.5);
CREATE TABLE servers (
	id INTEGER NOT NULL, 
	rules TEXT NOT NULL, left_at REAL, 
	PRIMARY KEY (id)
)
 STRICT

;
INSERT INTO "servers" VALUES(81384788765712385,'{"of":"servers.rules 1","umlaut":"\u00fc","lone":"\ud83d"}',1790000000.375);
INSERT INTO "servers" VALUES(81384788765712386,'{"of":"servers.rules 2","umlaut":"\u00fc","lone":"\ud83d"}',NULL);
CREATE TABLE shards (
	total INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	PRIMARY KEY (total, number)
)
 STRICT

;
INSERT INTO "shards" VALUES(81384788765712385,81384788765712385,'shards.owner 1: "it''s
over"; -- ü');
INSERT INTO "shards" VALUES(81384788765712386,81384788765712386,'shards.owner 2: "it''s
over"; -- ü');
CREATE TABLE strikes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id INTEGER NOT NULL, 
	at REAL NOT NULL
)
 STRICT

;
INSERT INTO "strikes" VALUES(1,81384788765712385,1790000000.375);
INSERT INTO "strikes" VALUES(2,81384788765712386,1790000000.5);
CREATE TABLE takedown_requests (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	reference TEXT NOT NULL, 
	name TEXT NOT NULL, 
	contact TEXT NOT NULL, 
	statement TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	link TEXT NOT NULL, 
	exact TEXT, 
	looks TEXT NOT NULL, 
	jobs TEXT NOT NULL, 
	received_at REAL NOT NULL, 
	due_at REAL NOT NULL, 
	remind_at REAL, 
	outcome TEXT, 
	decided_at REAL, 
	sweep_at REAL, 
	CONSTRAINT takedown_requests_outcome_is_known CHECK (outcome IN ('removed', 'declined')), 
	CONSTRAINT takedown_requests_decided_at_some_time CHECK ((outcome IS NULL) = (decided_at IS NULL)), 
	UNIQUE (reference)
)
 STRICT

;
INSERT INTO "takedown_requests" VALUES(1,'takedown_requests.reference 1: "it''s
over"; -- ü','takedown_requests.name 1: "it''s
over"; -- ü','takedown_requests.contact 1: "it''s
over"; -- ü','takedown_requests.statement 1: "it''s
over"; -- ü','takedown_requests.signature 1: "it''s
over"; -- ü','takedown_requests.link 1: "it''s
over"; -- ü','takedown_requests.exact 1: "it''s
over"; -- ü','takedown_requests.looks 1: "it''s
over"; -- ü','takedown_requests.jobs 1: "it''s
over"; -- ü',1790000000.375,1790000000.375,1790000000.375,'removed',1790000000.375,1790000000.375);
INSERT INTO "takedown_requests" VALUES(2,'takedown_requests.reference 2: "it''s
over"; -- ü','takedown_requests.name 2: "it''s
over"; -- ü','takedown_requests.contact 2: "it''s
over"; -- ü','takedown_requests.statement 2: "it''s
over"; -- ü','takedown_requests.signature 2: "it''s
over"; -- ü','takedown_requests.link 2: "it''s
over"; -- ü','takedown_requests.exact 2: "it''s
over"; -- ü','takedown_requests.looks 2: "it''s
over"; -- ü','takedown_requests.jobs 2: "it''s
over"; -- ü',1790000000.5,1790000000.5,1790000000.5,'declined',1790000000.5,NULL);
INSERT INTO "takedown_requests" VALUES(3,'takedown_requests.reference 3: "it''s
over"; -- ü','takedown_requests.name 3: "it''s
over"; -- ü','takedown_requests.contact 3: "it''s
over"; -- ü','takedown_requests.statement 3: "it''s
over"; -- ü','takedown_requests.signature 3: "it''s
over"; -- ü','takedown_requests.link 3: "it''s
over"; -- ü',NULL,'takedown_requests.looks 3: "it''s
over"; -- ü','takedown_requests.jobs 3: "it''s
over"; -- ü',1790000000.625,1790000000.625,NULL,NULL,NULL,NULL);
CREATE TABLE takedowns (
	job_id TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	at REAL NOT NULL, 
	PRIMARY KEY (job_id)
)
 STRICT

;
INSERT INTO "takedowns" VALUES('takedowns.job_id 1','takedowns.actor 1: "it''s
over"; -- ü',1790000000.375);
INSERT INTO "takedowns" VALUES('takedowns.job_id 2','takedowns.actor 2: "it''s
over"; -- ü',1790000000.5);
CREATE TABLE workers (
	id TEXT NOT NULL, 
	lease_until REAL NOT NULL, serves INTEGER DEFAULT 1 NOT NULL, 
	PRIMARY KEY (id)
)
 STRICT

;
INSERT INTO "workers" VALUES('workers.id 1',1790000000.375,1);
INSERT INTO "workers" VALUES('workers.id 2',1790000000.5,0);
CREATE UNIQUE INDEX entries_one_settlement ON entries (job_id) WHERE kind IN ('capture', 'release');
CREATE INDEX jobs_open ON jobs (created_at) WHERE NOT told;
CREATE INDEX jobs_settled ON jobs (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX jobs_of_server ON jobs (guild_id, created_at);
CREATE INDEX jobs_of_member ON jobs (user_id, id);
CREATE INDEX jobs_at_segmind ON jobs (account, guild_id) WHERE state IN ('SUBMITTING', 'UNKNOWN', 'SUBMITTED');
CREATE INDEX deeds_of_server ON deeds (guild_id, id);
CREATE INDEX strikes_of_member ON strikes (user_id, at);
CREATE INDEX listed_marks ON listed (mark, kind);
CREATE INDEX posts_of_job ON posts (job_id);
CREATE UNIQUE INDEX cases_open_once ON cases (job_id) WHERE closed_at IS NULL;
CREATE INDEX approvals_waiting ON approvals (lapses_at) WHERE verdict IN ('waiting', 'withdrawn');
CREATE UNIQUE INDEX faces_one_default ON faces (user_id) WHERE is_default;
CREATE INDEX faces_by_end ON faces (expires_at);
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries WHEN NOT (NEW.id = OLD.id AND NEW.job_id IS OLD.job_id AND NEW.kind = OLD.kind AND NEW.amount = OLD.amount AND NEW.of_allowance = OLD.of_allowance AND NEW.at = OLD.at AND NEW.receipt IS OLD.receipt AND (NEW.account = OLD.account OR NEW.account LIKE '%forgotten-%') AND (NEW.actor IS OLD.actor OR NEW.actor = 'forgotten') AND (NEW.why IS OLD.why OR NEW.why IS NULL)) BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER deeds_no_delete BEFORE DELETE ON deeds BEGIN SELECT RAISE(ABORT, 'deeds are append-only'); END;
CREATE TRIGGER deeds_no_update BEFORE UPDATE ON deeds WHEN NOT (NEW.id = OLD.id AND NEW.guild_id IS OLD.guild_id AND NEW.deed = OLD.deed AND NEW.at = OLD.at AND (NEW.actor = OLD.actor OR NEW.actor = 'forgotten') AND length(NEW.facts) <= length(OLD.facts)) BEGIN SELECT RAISE(ABORT, 'deeds are append-only'); END;
CREATE INDEX jobs_with_slots ON jobs (slot_since) WHERE state = 'HELD' AND slot_since IS NOT NULL;
CREATE INDEX jobs_of_batch ON jobs (batch) WHERE batch IS NOT NULL;
CREATE INDEX jobs_to_cancel ON jobs (owner) WHERE state = 'HELD' AND cancel_requested;
CREATE INDEX jobs_with_avatar ON jobs (avatar_of, id) WHERE avatar_of IS NOT NULL;
CREATE INDEX case_notes_of_case ON case_notes (case_id);
CREATE INDEX case_cards_of_case ON case_cards (case_id);
CREATE UNIQUE INDEX entries_of_gift ON entries (gift, kind) WHERE gift IS NOT NULL;
CREATE TRIGGER entries_keep_gift BEFORE UPDATE ON entries WHEN NEW.gift IS NOT OLD.gift BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE INDEX entries_of_account ON entries (account, id, amount, of_allowance);
CREATE INDEX events_of_server ON events (guild_id, until);
CREATE INDEX jobs_of_event ON jobs (event) WHERE event IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('cases',3);
INSERT INTO "sqlite_sequence" VALUES('deeds',2);
INSERT INTO "sqlite_sequence" VALUES('events',2);
INSERT INTO "sqlite_sequence" VALUES('listed',2);
INSERT INTO "sqlite_sequence" VALUES('strikes',2);
INSERT INTO "sqlite_sequence" VALUES('takedown_requests',3);
INSERT INTO "sqlite_sequence" VALUES('case_notes',5);
INSERT INTO "sqlite_sequence" VALUES('entries',9);
COMMIT;

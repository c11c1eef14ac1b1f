-- Two tables of shares, of which one is watched, with their index or bare.
-- Variable: rows.
CREATE TABLE bench.plain_share (user_id uuid, folder_id integer, PRIMARY KEY (user_id, folder_id));
CREATE INDEX ON bench.plain_share (folder_id);
CREATE TABLE bench.watched_share (LIKE bench.plain_share INCLUDING ALL);
CREATE TABLE bench.plain_heap (user_id uuid, folder_id integer);
CREATE TABLE bench.watched_heap (LIKE bench.plain_heap INCLUDING ALL);
CREATE TABLE bench.source AS
	SELECT bench.uuid('sub', 1)::uuid AS user_id, n AS folder_id FROM generate_series(1, :rows) n;
ALTER TABLE bench.source ADD PRIMARY KEY (folder_id);
VACUUM ANALYZE bench.source;
SELECT authz.watch('bench.watched_share'), authz.watch('bench.watched_heap');
-- Single rows are changed in a small table.
CREATE TABLE bench.plain_few AS SELECT * FROM bench.source WHERE folder_id <= 1000;
ALTER TABLE bench.plain_few ADD PRIMARY KEY (folder_id);
CREATE TABLE bench.watched_few (LIKE bench.plain_few INCLUDING ALL);
INSERT INTO bench.watched_few TABLE bench.plain_few;
SELECT authz.watch('bench.watched_few');

// asUser() and work that misbehaves: node late.js, in the folder of the program, with the
// tokens of two users.  Prints one line for each fault.
import pg from "pg";
import { asUser } from "./as_user.js";

const [ann, bob] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 1 });
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const failure = (promise) => promise.then(() => null, (error) => error);
const fault = (bad, what) => { if (bad) console.log(what); };
const who = "SELECT authz.subject() AS who";

// Ann's work forgets to wait, and asks again when the connection is Bob's.
let late;
await asUser(pool, ann, async (db) => {
  late = pause(60).then(() => db.query(who)).catch(() => null);
});
await asUser(pool, bob, async (db) => {
  const { rows: [first] } = await db.query(who);
  fault(first.who !== "bob", "bob is not bob");
  await db.query("SELECT pg_sleep(0.12)");
});
const answer = await late;
fault(answer, `late work ran as ${answer?.rows[0].who}`);

// An error that work() swallows: nothing was written, and that is told.
let error = await failure(asUser(pool, ann, async (db) => {
  await db.query("INSERT INTO notes (body) VALUES ('ann swallowed')");
  await db.query("SELECT 1/0").catch(() => {});
}));
fault(!error, "a transaction that failed counts as done");

// One of several at once fails: the others are of the same transaction.
error = await failure(asUser(pool, ann, (db) => Promise.all([
  db.query("INSERT INTO notes (body) VALUES ('ann together')"), db.query("SELECT 1/0"), db.query(who)])));
fault(error?.code !== "22012", "not the error of the one that failed");

// SQL that was put together, and another statement in it
error = await failure(asUser(pool, ann, (db) => db.query("SELECT 1; COMMIT; SELECT 2")));
fault(error?.code !== "42601", "two statements in one query");

// COMMIT in the middle: what comes after it is nobody's
const rows = await asUser(pool, ann, async (db) => {
  await db.query("COMMIT");
  return (await db.query(who)).rows;
}).catch(() => [{ who: null }]);
fault(rows[0].who !== null, "somebody after COMMIT");

fault((await pool.query("SELECT authz.is_authenticated() AS yes")).rows[0].yes, "somebody stayed");
fault((await pool.query("SELECT pg_backend_pid()")).rows.length !== 1 || pool.totalCount !== 1, "not one connection");
await pool.end();

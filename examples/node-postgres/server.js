// Notes over HTTP: GET /notes lists one's own, POST /notes {"body": "..."} adds one.
// Whose they are, the bearer token of each request says; the database decides.
import http from "node:http";
import pg from "pg";
import { asUser, NoConnection, statusOf } from "./as_user.js";

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.POOL_SIZE ?? 10),
  connectionTimeoutMillis: 5000, // how long a request waits for a connection
});
// An idle connection that the server closed.  Without a listener the process ends.
pool.on("error", (error) => console.error("idle connection:", error.code ?? error.name));

async function listNotes(db) {
  const { rows } = await db.query("SELECT id, owner, body FROM notes ORDER BY id");
  return [200, rows];
}

async function addNote(db, { owner, body }) {
  const { rows } = await db.query(
    `INSERT INTO notes (owner, body) VALUES (coalesce($1, authz.subject()), $2)
     RETURNING id, owner, body`, [owner, body]);
  return [201, rows[0]];
}

// Nobody is logged in on a connection that lies idle in the pool.
async function health() {
  const { rows } = await pool.query("SELECT authz.is_authenticated() AS somebody")
    .catch((cause) => { throw new NoConnection("not healthy", { cause }); });
  return [rows[0].somebody ? 500 : 200, rows[0]];
}

async function readJson(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > 100_000) throw new SyntaxError("too long");
  }
  return Object(JSON.parse(text || "{}"));
}

async function answer(request, response) {
  const route = `${request.method} ${request.url.split("?")[0]}`;
  if (route === "GET /health") return health();
  const handle = { "GET /notes": listNotes, "POST /notes": addNote }[route];
  if (!handle) return [404, { error: "not found" }];
  // All of the body first: who sends it slowly must not hold a connection meanwhile.
  const input = await readJson(request);
  return asUser(pool, request.headers.authorization, async (db) => {
    const result = await handle(db, input);
    if (response.destroyed) throw new Error("the client has gone"); // rolls back
    return result;
  });
}

const server = http.createServer(async (request, response) => {
  let status, body;
  try {
    [status, body] = await answer(request, response);
  } catch (error) {
    const known = error instanceof SyntaxError ? { status: 400 } : statusOf(error);
    ({ status } = known);
    if (known.challenge) response.setHeader("WWW-Authenticate", known.challenge);
    body = { error: http.STATUS_CODES[status] };
    // The SQLSTATE, and never the error as a whole, the headers or the query string.
    const reason = error.code ?? error.cause?.code ?? error.name;
    console.error(request.method, status, reason);
  }
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
});

server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
process.on("SIGTERM", () => server.close(() => pool.end()));

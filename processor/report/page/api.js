// The review API. The session lives in sessionStorage and leaves in a header: no cookie, which other ports would get.

const SESSION = "flywheel.session";
let session = null;
try {
  session = JSON.parse(sessionStorage.getItem(SESSION));
} catch {
  session = null;
}

export class Refused extends Error {
  constructor(status, body) {
    super(body.error || `the server says ${status}`);
    this.status = status;
    this.field = body.field || "";
    this.outcome = body.outcome || "";
    this.retry = body.retry || 0;
  }
}

export const who = () => session;

function keep(next) {
  session = next;
  if (next) sessionStorage.setItem(SESSION, JSON.stringify(next));
  else sessionStorage.removeItem(SESSION);
}

let whenSignedOut = () => {};
export function onSignedOut(run) {
  whenSignedOut = run;
}

export async function call(method, path, body) {
  const headers = {};
  if (session) headers.Authorization = `Bearer ${session.session}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit", cache: "no-store", redirect: "error",
    });
  } catch {
    throw new Refused(0, { error: "The server does not answer. Your draft is kept." });
  }
  if (answer.status === 204) return null;
  let value = {};
  try {
    value = await answer.json();
  } catch {
    value = {};
  }
  if (answer.ok) return value;
  value.retry = Number(answer.headers.get("Retry-After")) || 0;
  if (answer.status === 401 && session && path !== "/api/v1/session") {
    keep(null);
    whenSignedOut();
  }
  throw new Refused(answer.status, value);
}

// Trouble that passes is waited for: the same result_id makes a repeat harmless.
export async function patiently(method, path, body, onWait) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call(method, path, body);
    } catch (error) {
      const passes = error.status === 503 || error.status === 429 || error.status === 0;
      if (!passes || attempt === 4) throw error;
      onWait(error);
      await new Promise((done) => setTimeout(done, 1000 * Math.max(error.retry, 2 ** attempt)));
    }
  }
}

export async function signIn(secret) {
  keep(null);
  const next = await call("POST", "/api/v1/session", secret);
  keep(next);
  return next;
}

export async function signOut() {
  try {
    await call("DELETE", "/api/v1/session");
  } catch {
    // It ends by itself.
  }
  for (const name of Object.keys(sessionStorage)) if (name.startsWith("flywheel.")) sessionStorage.removeItem(name);
  session = null;
}

export const mayAdjudicate = () => session && (session.role === "adjudicator" || session.role === "admin" || session.may_adjudicate === true);

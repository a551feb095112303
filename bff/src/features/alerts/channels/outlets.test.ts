import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAddressFilter } from "#lib/security/address-filter.ts";
import { makePrivateAuthority } from "#testing/private-authority.ts";
import { startMailServer } from "../testing/mail-server.fixture.ts";
import { decryptPush, makeSubscription, readVapid } from "../testing/push-service.fixture.ts";
import type { Message } from "./messages.ts";
import { createOutlets, type OutletsDeps } from "./outlets.ts";
import { createPost } from "./post.ts";
import { createPush, vapidKeysOf } from "./push.ts";
import { createMailer } from "./smtp.ts";

type Got = { path: string; headers: IncomingMessage["headers"]; body: Buffer };
type Answer = (got: Got, response: ServerResponse) => void;

const local = createAddressFilter(["127.0.0.0/8"]);
const got: Got[] = [];
let answer: Answer;
let base: string;
let nowMs = Date.UTC(2026, 10, 19, 9);
const clock = { now: () => nowMs };
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const one = { path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) };
    got.push(one);
    answer(one, response);
  });
});
const secret = "T0SECRET/B0SECRET/xyzsecretxyz";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const keys = vapidKeysOf(Buffer.alloc(32, 1).toString("base64"));
function make(change: Partial<OutletsDeps> = {}) {
  const post = createPost(local, { timeoutMs: 300 });
  return createOutlets({
    post,
    push: createPush({ keys, subject: "mailto:ops@example.com", post }),
    mailer: null,
    deliverWebhook: async () => {},
    pagerDutyUrl: `${base}/v2/enqueue`,
    mailDomain: "ops.example.com",
    clock,
    ...change,
  });
}

const message: Message = {
  id: "0192f0c4-0000-7000-8000-000000000001",
  organizationId: "0192f0c4-0000-7000-8000-0000000000aa",
  organization: { slug: "northwind", name: "Northwind" },
  incidentId: "0192f0c4-0000-7000-8000-000000000002",
  event: "fired",
  severity: "critical",
  title: "payments-api: breaker open on 2 of 5 <b>",
  summary: "POST /v1/charges answers 503",
  url: "https://ops.example.com/o/northwind/alerts",
  acknowledgeUrl: null,
  startedAt: new Date(Date.UTC(2026, 10, 19, 8, 47)),
  text: null,
};
const slack = () => ({ kind: "slack", id: "1", secret: `${base}/services/${secret}` }) as const;
const say =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

describe("a webhook of Slack", () => {
  test("gets the headline with its markup escaped", async () => {
    answer = say(200, "ok");
    expect((await make().send(slack(), message)).result).toBe("sent");
    const body = JSON.parse(got.at(-1)?.body.toString() ?? "");
    expect(body.text).toBe("Critical: payments-api: breaker open on 2 of 5 &lt;b&gt;");
    expect(body.attachments[0].blocks[1].text.text).toContain(
      "<https://ops.example.com/o/northwind/alerts|Open>",
    );
  });

  test.each<[string, Answer, string, RegExp]>([
    [
      "is asked again later when it is busy",
      say(429, "slow down", { "retry-after": "7" }),
      "failed",
      /429: slow down/,
    ],
    ["is not asked again when it refuses", say(404, `no_service ${secret}`), "final", /404: no_service/],
    [
      "is not believed when something else answers",
      say(200, "<html>log in</html>"),
      "failed",
      /not as this service does/,
    ],
    ["may not keep us waiting", () => {}, "failed", /within 300 ms/],
  ])("%s, and its address is never shown", async (_, how, result, detail) => {
    answer = how;
    const sent = await make().send(slack(), message);
    expect(sent).toMatchObject({ result, detail: expect.stringMatching(detail) });
    expect(sent.detail).not.toContain("SECRET");
    if (result === "failed" && sent.detail.includes("429")) expect(sent.retryAfterMs).toBe(7_000);
  });

  test("that answers nonsense is a failure like any other", async () => {
    const nonsense = createSocketServer((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"));
    await new Promise<void>((resolve) => nonsense.listen(0, "127.0.0.1", resolve));
    const { port } = nonsense.address() as AddressInfo;
    const target = { kind: "slack", id: "2", secret: `http://127.0.0.1:${port}/${secret}` } as const;
    expect((await make().send(target, message)).result).toBe("failed");
    nonsense.close();
  });

  test("is left alone for 30 s after three failures, then tried once", async () => {
    answer = say(503, "");
    const outlets = make();
    for (let at = 0; at < 3; at++) expect((await outlets.send(slack(), message)).result).toBe("failed");
    const before = got.length;
    expect(await outlets.send(slack(), message)).toMatchObject({ result: "refused", retryAfterMs: 30_000 });
    expect(got.length).toBe(before);
    nowMs += 30_000;
    answer = say(200, "ok");
    expect((await outlets.send(slack(), message)).result).toBe("sent");
  });
});

test("an address that may not be reached is refused before a byte is sent", async () => {
  const post = createPost(createAddressFilter([]), { timeoutMs: 300 });
  const before = got.length;
  expect(await make({ post }).send(slack(), message)).toMatchObject({
    result: "final",
    detail: expect.stringMatching(/loopback/),
  });
  expect(got.length).toBe(before);
});

test("PagerDuty gets one key for an incident from its trigger to its end, and an answer without its success is a failure", async () => {
  const target = { kind: "pagerduty", id: "3", secret: "R0123456789ABCDEF0123456789ABCDE" } as const;
  answer = say(202, '{"status":"success","message":"Event processed"}');
  expect((await make().send(target, message)).result).toBe("sent");
  expect((await make().send(target, Object.assign({}, message, { event: "resolved" }))).result).toBe("sent");
  const [trigger, resolve] = got.slice(-2).map(({ body }) => JSON.parse(body.toString()));
  expect(trigger).toMatchObject({
    event_action: "trigger",
    payload: { severity: "critical" },
    routing_key: target.secret,
  });
  expect(resolve).toEqual({
    routing_key: target.secret,
    event_action: "resolve",
    dedup_key: trigger.dedup_key,
  });
  answer = say(202, "queued?");
  expect((await make().send(target, message)).result).toBe("failed");
});

test("generic JSON has the shape of an alert, with an action and an alias that stays", async () => {
  answer = say(200, "");
  await make().send({ kind: "json", id: "4", secret: `${base}/hook` }, message);
  expect(JSON.parse(got.at(-1)?.body.toString() ?? "")).toMatchObject({
    action: "create",
    priority: "P1",
    alias: `wheelhouse-${message.incidentId}`,
    details: { organization: "Northwind", url: message.url },
  });
});

test("an adaptive card goes to Microsoft Teams", async () => {
  answer = say(202, "");
  await make().send({ kind: "teams", id: "5", secret: `${base}/teams` }, message);
  expect(JSON.parse(got.at(-1)?.body.toString() ?? "").attachments[0].content.body[0].text).toMatch(
    /^Critical: payments-api/,
  );
});

describe("browser push", () => {
  test("is encrypted for one browser and signed by this installation", async () => {
    const browser = makeSubscription(`${base}/push/abc`);
    answer = say(201, "");
    const target = { kind: "push", id: "6", secret: JSON.stringify(browser.subscription) } as const;
    expect((await make().send(target, message)).result).toBe("sent");
    const { headers, body } = got.at(-1) ?? { headers: {}, body: Buffer.alloc(0) };
    expect(headers).toMatchObject({ "content-encoding": "aes128gcm", urgency: "high", ttl: "14400" });
    expect(readVapid(headers.authorization ?? "")).toMatchObject({
      aud: base,
      sub: "mailto:ops@example.com",
    });
    expect(JSON.parse(decryptPush(body, browser))).toMatchObject({
      severity: "critical",
      title: "Critical: payments-api: breaker open on 2 of 5 <b>",
      url: message.url,
    });
  });

  test("a subscription that is gone is said to be", async () => {
    answer = say(410, "");
    const { subscription } = makeSubscription(`${base}/push/gone`);
    const sent = await make().send({ kind: "push", id: "7", secret: JSON.stringify(subscription) }, message);
    expect(sent).toMatchObject({ result: "gone", detail: "answered 410: the subscription is gone" });
  });

  test("every process of an installation has the same key pair", () => {
    expect(vapidKeysOf(Buffer.alloc(32, 1).toString("base64"))).toEqual(keys);
    expect(vapidKeysOf(Buffer.alloc(32, 2).toString("base64"))).not.toEqual(keys);
  });
});

describe("e-mail", () => {
  const send = async (url: string, to: string, ca?: string) => {
    const mailer = createMailer({ url, from: "Wheelhouse <wheelhouse@example.com>" }, local, { ca });
    const sent = await make({ mailer }).send({ kind: "email", address: to }, message);
    mailer.close();
    return sent;
  };

  test("goes encrypted to a server whose authority is known, with its password, and to no other", async () => {
    const authority = makePrivateAuthority();
    const mail = await startMailServer({
      key: readFileSync(authority.key),
      cert: readFileSync(authority.certificate),
    });
    const url = `smtp://ops:p%40ss@localhost:${mail.port}`;
    expect((await send(url, "a@example.com")).result).toBe("failed");
    expect(mail.mails).toEqual([]);
    expect((await send(url, "a@example.com", readFileSync(authority.authority, "utf8"))).result).toBe("sent");
    expect(mail.mails).toMatchObject([{ to: ["a@example.com"], isEncrypted: true, user: "ops" }]);
    expect(mail.mails[0]?.text).toContain(`Message-ID: <${message.id}@ops.example.com>`);
    await mail.close();
    authority.dispose();
  });

  test("that is refused for good is not repeated; for now, it is", async () => {
    const mail = await startMailServer({}, (to) =>
      to.startsWith("gone") ? { code: 550, text: "no such user" } : { code: 451, text: "try later" },
    );
    expect(await send(mail.url, "gone@example.com")).toMatchObject({
      result: "final",
      detail: expect.stringMatching(/no such user/),
    });
    expect(await send(mail.url, "grey@example.com")).toMatchObject({
      result: "failed",
      detail: expect.stringMatching(/try later/),
    });
    await mail.close();
  });
});

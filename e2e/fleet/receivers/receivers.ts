import { createServer } from "node:http";
import { z } from "zod";
import { readState } from "../fleet-state.ts";
import { runProgram } from "../program.ts";
import { readSettings } from "../settings.ts";
import { closeServer, createReceiver, type Receiver, readBody, writeReply } from "./receiver.ts";
import { behaviour, receiverCast } from "./receiver-cast.ts";

const order = z.strictObject({ receiver: z.string(), behaviour });

const parseOrder = (text: string | null) => {
  try {
    return order.safeParse(JSON.parse(text ?? ""));
  } catch {
    return order.safeParse(null);
  }
};

/** Customers' receivers, each on its own port, and the switch that heals or breaks them. */
await runProgram("receivers", async (log) => {
  const { dataDir } = readSettings(process.env);
  const state = await readState(dataDir);
  if (!state) throw new Error("fleet.json is missing: start the fleet by main.ts");

  const receivers = new Map<string, Receiver>();
  for (const cast of receiverCast) {
    const secret = state.endpoints.find((one) => one.slug === cast.slug)?.secret;
    const port = state.ports[cast.slug];
    if (secret === undefined || port === undefined) continue;
    const receiver = createReceiver(secret, cast.behaviour);
    await receiver.listen(port);
    receivers.set(cast.slug, receiver);
  }

  const show = () => ({
    receivers: Object.fromEntries(
      [...receivers].map(([slug, receiver]) => [slug, { port: state.ports[slug], ...receiver.stats() }]),
    ),
  });
  const control = createServer(async (request, response) => {
    if (request.method === "GET" && request.url === "/") {
      writeReply(response, { status: 200, body: show() });
      return;
    }
    if (request.method !== "POST" || request.url !== "/behaviour") {
      writeReply(response, { status: 404, body: { error: "Know GET / and POST /behaviour." } });
      return;
    }
    const parsed = parseOrder(await readBody(request).catch(() => null));
    const receiver = parsed.success ? receivers.get(parsed.data.receiver) : undefined;
    if (!parsed.success || !receiver) {
      const known = `receiver: ${[...receivers.keys()].join(", ")}; behaviour: ${behaviour.options.join(", ")}`;
      writeReply(response, { status: 400, body: { error: `Send {"receiver","behaviour"}. ${known}` } });
      return;
    }
    receiver.behave(parsed.data.behaviour);
    log(`${parsed.data.receiver} is ${parsed.data.behaviour} from now on`);
    writeReply(response, { status: 200, body: show() });
  });
  await new Promise<void>((resolve, reject) => {
    control.once("error", reject);
    control.listen(state.controlPort, "127.0.0.1", () => resolve());
  });
  log(`${receivers.size} receivers are listening; switch at http://127.0.0.1:${state.controlPort}`);

  return async () => {
    await Promise.all([closeServer(control), ...[...receivers.values()].map((receiver) => receiver.close())]);
  };
});

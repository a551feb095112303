import { readState } from "../fleet-state.ts";
import { runProgram } from "../program.ts";
import { createRhythm } from "../rhythm.ts";
import { readSettings } from "../settings.ts";
import { githubEvent, readGithubExamples } from "./events-github.ts";
import { drawKind, helpdeskEvents, type Kind, shopEvents, standardEvent } from "./events-standard.ts";
import { createSender, type OutgoingEvent } from "./sender.ts";

const eventsPerSecond = { github: 1.6, payments: 2.9, helpdesk: 0.5 };
/** Providers send an event again if the answer was lost; a few do so without cause. */
const duplicateRatio = 0.02;

/** The outside world: GitHub, a payment provider and a help desk that post signed events to Wheelhouse. */
await runProgram("provider", async (log) => {
  const { baseUrl, dataDir } = readSettings(process.env);
  const state = await readState(dataDir);
  if (!state) throw new Error("fleet.json is missing: start the fleet by main.ts");
  const examples = await readGithubExamples();
  const draw = (secret: string, kinds: readonly Kind[]) => {
    const kind = drawKind(kinds);
    return kind ? standardEvent(secret, kind) : null;
  };
  const makers: Record<keyof typeof eventsPerSecond, (secret: string) => OutgoingEvent | null> = {
    github: (secret) => {
      const example = examples[Math.floor(Math.random() * examples.length)];
      return example ? githubEvent(secret, example) : null;
    },
    payments: (secret) => draw(secret, shopEvents),
    helpdesk: (secret) => draw(secret, helpdeskEvents),
  };

  const rhythm = createRhythm();
  const senders: ReturnType<typeof createSender>[] = [];
  for (const name of ["github", "payments", "helpdesk"] as const) {
    const source = state.sources.find((one) => one.slug === name);
    if (!source) continue;
    const sender = createSender(`${baseUrl}${source.intakePath}`, log);
    rhythm.atRandom(eventsPerSecond[name], () => {
      const event = makers[name](source.secret);
      if (!event) return;
      sender.offer(event);
      if (Math.random() < duplicateRatio) sender.offer(event);
    });
    senders.push(sender);
    // One of each kind at once, so that nobody has to wait for the rare ones.
    if (name === "payments") for (const kind of shopEvents) sender.offer(standardEvent(source.secret, kind));
  }
  log(`posts to ${senders.length} sources`);
  return async () => {
    rhythm.stop();
    await Promise.all(senders.map((sender) => sender.stop()));
  };
});

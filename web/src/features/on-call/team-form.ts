import type { Matcher, StepTarget, Team, TeamDefinition } from "@wheelhouse/shared/alerts/routing.ts";

/** A team as it is edited: matchers as text, days as the values of fields. */
export type TeamForm = {
  name: string;
  matchers: string;
  timeZone: string;
  handoverDay: string;
  handoverTime: string;
  layers: string[][];
  steps: { afterMinutes: string; targets: StepTarget[] }[];
  repeats: string;
};

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const formOf = (team: Team | null): TeamForm => ({
  name: team?.name ?? "",
  matchers: team?.matchers.map(({ label, value }) => `${label}=${value}`).join("\n") ?? "",
  timeZone: team?.timeZone ?? ownZone(),
  handoverDay: String(team?.handoverDay ?? 1),
  handoverTime: team?.handoverTime ?? "09:00",
  layers: team?.layers.map((layer) => [...layer]) ?? [[]],
  steps: team?.steps.map(({ afterMinutes, targets }) => ({
    afterMinutes: String(afterMinutes),
    targets: [...targets],
  })) ?? [{ afterMinutes: "0", targets: [{ kind: "rota", layer: 0 }] }],
  repeats: String(team?.repeats ?? 2),
});

/** Lines such as `service=payments*`; a line without `=` has an empty value, which the server refuses by name. */
const matchersOf = (text: string): Matcher[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const at = line.indexOf("=");
      return at < 0
        ? { label: line, value: "" }
        : { label: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
    });

/** What is sent. @param rotaFrom date of the week that the rota counts from */
export const definitionOf = (form: TeamForm, rotaFrom: string): TeamDefinition => ({
  name: form.name.trim(),
  matchers: matchersOf(form.matchers),
  timeZone: form.timeZone.trim(),
  handoverDay: Number(form.handoverDay),
  handoverTime: form.handoverTime,
  rotaFrom,
  layers: form.layers,
  steps: form.steps.map(({ afterMinutes, targets }) => ({ afterMinutes: Number(afterMinutes), targets })),
  repeats: Number(form.repeats),
});

/** One value for a list of choices: `rota:0`, `person:<id>`, `role:admin`, `channel:<id>`. */
export const targetKey = (target: StepTarget): string => {
  if (target.kind === "rota") return `rota:${target.layer}`;
  if (target.kind === "person") return `person:${target.userId}`;
  return target.kind === "role" ? `role:${target.role}` : `channel:${target.channelId}`;
};

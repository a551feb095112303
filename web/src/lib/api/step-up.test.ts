import { switchOrganization } from "@wheelhouse/shared/access/access.ts";
import { afterEach, describe, expect, test, vi } from "vitest";
import { call } from "./api.ts";
import { stepUp } from "./step-up.ts";

afterEach(() => vi.unstubAllGlobals());

const refusal = () =>
  new Response(
    JSON.stringify({ error: { code: "step_up_required", message: "Confirm", requestId: "req_1" } }),
    { status: 403 },
  );
const act = () => call(switchOrganization, { body: { organizationId: "1" } });

const answered = (...answers: Response[]) => {
  const fetched = vi.fn<typeof fetch>(async () => answers.shift() ?? new Response("{}"));
  vi.stubGlobal("fetch", fetched);
  return fetched;
};

describe("an action that requires confirmation", () => {
  test("is repeated unchanged once the person has confirmed", async () => {
    const fetched = answered(refusal(), new Response('{"id":"1"}'));
    const stop = stepUp.answerBy(async () => true);
    expect(await act()).toEqual({ id: "1" });
    expect(fetched).toHaveBeenCalledTimes(2);
    expect(fetched.mock.calls[1]).toMatchObject(fetched.mock.calls[0] ?? []);
    stop();
  });

  test("is not repeated when the person cancels or nobody can be asked, and asks only once", async () => {
    const fetched = answered(refusal());
    const stop = stepUp.answerBy(async () => false);
    await expect(act()).rejects.toMatchObject({ code: "step_up_required" });
    expect(fetched).toHaveBeenCalledTimes(1);
    stop();
    answered(refusal());
    await expect(act()).rejects.toMatchObject({ code: "step_up_required" });
    const ask = vi.fn(async () => true);
    const stopAgain = stepUp.answerBy(ask);
    answered(refusal(), refusal());
    await expect(act()).rejects.toMatchObject({ code: "step_up_required" });
    expect(ask).toHaveBeenCalledTimes(1);
    stopAgain();
  });

  test("shares one question with concurrent actions", async () => {
    answered(refusal(), refusal());
    let confirm: (yes: boolean) => void = () => {};
    const ask = vi.fn(
      () =>
        new Promise<boolean>((resolve) => {
          confirm = resolve;
        }),
    );
    const stop = stepUp.answerBy(ask);
    const both = Promise.all([act(), act()]);
    await vi.waitFor(() => expect(ask).toHaveBeenCalled());
    confirm(true);
    expect(await both).toEqual([{}, {}]);
    expect(ask).toHaveBeenCalledTimes(1);
    stop();
  });
});

import { ApiError } from "#lib/api/api.ts";
import { HistoryRangeDialog } from "#ui/chart/history-range-dialog.tsx";
import { ActError, ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import DialogFrame from "#ui/dialog/dialog-frame.tsx";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { MenuSlot } from "#ui/dialog/menu-slot.tsx";
import { ShownOnce } from "#ui/dialog/shown-once.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Problem } from "#ui/page/problem.tsx";
import { Status } from "#ui/page/status.tsx";
import { Age } from "#ui/text/time.tsx";
import { ago, doNothing, type Part } from "./part.ts";

const conflict = new ApiError("conflict", "The endpoint was changed by somebody else.", {
  requestId: "req-4f1c",
});
const invalid = new ApiError("validation_failed", "The body is not valid.", {
  details: [{ field: "body.name", message: "is taken already" }],
});

const confirmOf = (part: { isDestructive?: boolean; isBusy?: boolean; error?: Error }) => (
  <ConfirmDialog
    title="Delete the endpoint orders?"
    confirm="Delete orders"
    foot="It cannot be restored."
    isDestructive={part.isDestructive ?? false}
    isBusy={part.isBusy ?? false}
    error={part.error ?? null}
    onConfirm={doNothing}
    onClose={doNothing}
  >
    Its 12 waiting deliveries end undelivered.
  </ConfirmDialog>
);
const formOf = (error: Error | null, isReady = true) => (
  <FormDialog
    title="Create an endpoint"
    confirm="Create it"
    failure="Nothing was created."
    fields={["name"]}
    error={error}
    isReady={isReady}
    isBusy={false}
    onSubmit={doNothing}
    onClose={doNothing}
  >
    {(complaint) => <TextField label="Name" error={complaint("name")} value="orders" onChange={doNothing} />}
  </FormDialog>
);

/** What lies over a page, or fills one. */
export const overlayParts: readonly Part[] = [
  {
    name: "Menu slot",
    shows: [MenuSlot],
    states: [
      {
        name: "until it is opened",
        node: (
          <MenuSlot button={(opener) => <Button {...opener}>Views</Button>}>
            <p>The menu</p>
          </MenuSlot>
        ),
      },
    ],
  },
  {
    name: "Dialog",
    shows: [Dialog, DialogFrame],
    isOverlay: true,
    states: [
      {
        name: "dialog",
        node: (
          <Dialog
            title="Replay 3 deliveries"
            onClose={doNothing}
            footer={
              <Button large variant="primary">
                Replay 3
              </Button>
            }
          >
            Each is sent with a fresh signature.
          </Dialog>
        ),
      },
      {
        name: "palette",
        node: (
          <Dialog title="Search" look="palette" onClose={doNothing}>
            <div className="body">No visible head, near the top.</div>
          </Dialog>
        ),
      },
    ],
  },
  {
    name: "Confirm dialog",
    shows: [ConfirmDialog],
    isOverlay: true,
    states: [
      { name: "usual", node: confirmOf({}) },
      { name: "destructive", node: confirmOf({ isDestructive: true }) },
      { name: "busy", node: confirmOf({ isBusy: true }) },
      { name: "refused", node: confirmOf({ error: conflict }) },
    ],
  },
  {
    name: "History range dialog",
    shows: [HistoryRangeDialog],
    isOverlay: true,
    states: [{ name: "usual", node: <HistoryRangeDialog onChoose={doNothing} onClose={doNothing} /> }],
  },
  {
    name: "Form dialog",
    shows: [FormDialog],
    isOverlay: true,
    states: [
      { name: "ready", node: formOf(null) },
      { name: "not ready", node: formOf(null, false) },
      { name: "a field is refused", node: formOf(invalid) },
      { name: "refused", node: formOf(conflict) },
    ],
  },
  {
    name: "Shown once",
    shows: [ShownOnce],
    isOverlay: true,
    states: [
      {
        name: "token",
        node: (
          <ShownOnce
            title="The token of deploy-bot"
            text="wh_0123456789abcdef"
            copy="Copy token"
            facts={[{ label: "Expires", value: "in 90 days" }]}
            note="It is shown this once."
            onClose={doNothing}
          >
            Put it where the program reads it.
          </ShownOnce>
        ),
      },
    ],
  },
  {
    name: "Act error",
    shows: [ActError],
    states: [
      { name: "with request id", node: <ActError title="Nothing was changed." error={conflict} /> },
      {
        name: "without",
        node: <ActError title="Nothing was changed." error={new Error("No answer came.")} />,
      },
    ],
  },
  {
    name: "Drawer",
    shows: [Drawer],
    states: [
      {
        name: "in the middle of a list",
        node: (
          <div className="parts-drawer">
            <Drawer
              label="Delivery"
              title="evt_42 to orders"
              status={
                <>
                  <Status tone="down" label="Dead letter" /> <Age at={ago(728_000)} suffix="ago" />
                </>
              }
              position="3 of 12"
              onPrevious={doNothing}
              onNext={doNothing}
              onClose={doNothing}
              footer={<Button variant="primary">Replay…</Button>}
            >
              Its details.
            </Drawer>
          </div>
        ),
      },
      {
        name: "not in the list",
        node: (
          <div className="parts-drawer">
            <Drawer label="Delivery" title="evt_42 to orders" onClose={doNothing}>
              Its details.
            </Drawer>
          </div>
        ),
      },
    ],
  },
  {
    name: "Problem",
    shows: [Problem],
    isOverlay: true,
    states: [
      {
        name: "whole page",
        node: <Problem title="This page does not exist">The address may be incomplete.</Problem>,
      },
    ],
  },
];

import { useMutation } from "@tanstack/react-query";
import {
  type DeliveryExportFormat,
  deliveryExportMax,
  exportDeliveries,
} from "@wheelhouse/shared/webhooks/export.ts";
import { endpointUrl } from "#lib/api/api.ts";
import { fetchFile, saveFile } from "#lib/api/file.ts";
import { formatCount } from "#lib/format.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { type DeliveryFilter, deliveryQuery } from "../deliveries/deliveries.ts";

/** Asks for the format of an export of exactly what the list shows. */
export const ExportDialog = (props: {
  organization: string;
  filter: DeliveryFilter;
  onClose: () => void;
}) => {
  const { organization, filter, onClose } = props;
  const exporting = useMutation({
    mutationFn: async (format: DeliveryExportFormat) =>
      saveFile(
        await fetchFile(
          endpointUrl(exportDeliveries, { query: { ...deliveryQuery(filter), format } }),
          organization,
        ),
      ),
    onSuccess: onClose,
  });
  const isBusy = exporting.isPending;
  return (
    <Dialog
      title="Export these deliveries"
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">{isBusy ? "Exporting…" : "The export is in the audit trail."}</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button large disabled={isBusy} onClick={() => exporting.mutate("ndjson")}>
            Export NDJSON
          </Button>
          <Button large variant="primary" disabled={isBusy} onClick={() => exporting.mutate("csv")}>
            Export CSV
          </Button>
        </>
      }
    >
      <p>
        All deliveries that match the current filters, the newest {formatCount(deliveryExportMax)} of them at
        most, without payloads.
      </p>
      <p className="c2">
        The last line holds count and hash, and says if more match. Cells that look like a formula are
        escaped.
      </p>
      {exporting.error !== null && <ActError title="Nothing was exported." error={exporting.error} />}
    </Dialog>
  );
};

import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** How a field is written, and what it becomes: the names and shapes of OTLP's JSON. */
type Field = {
  name: string;
  wire: WireType;
  isRepeated?: boolean;
  read(reader: BinaryReader): unknown;
};
type Message = Readonly<Record<number, Field>>;

const double = (name: string): Field => ({ name, wire: WireType.Bit64, read: (reader) => reader.double() });
const fixed64 = (name: string): Field => ({ name, wire: WireType.Bit64, read: (reader) => reader.fixed64() });
const sfixed64 = (name: string): Field => ({
  name,
  wire: WireType.Bit64,
  read: (reader) => reader.sfixed64(),
});
const uint32 = (name: string): Field => ({ name, wire: WireType.Varint, read: (reader) => reader.uint32() });
const sint32 = (name: string): Field => ({ name, wire: WireType.Varint, read: (reader) => reader.sint32() });
const int64 = (name: string): Field => ({ name, wire: WireType.Varint, read: (reader) => reader.int64() });
const uint64 = (name: string): Field => ({ name, wire: WireType.Varint, read: (reader) => reader.uint64() });
const bool = (name: string): Field => ({ name, wire: WireType.Varint, read: (reader) => reader.bool() });
const string = (name: string): Field => ({
  name,
  wire: WireType.LengthDelimited,
  read: (reader) => reader.string(),
});
/** Left as bytes, to be read only if it is wanted. */
const lazy = (name: string): Field => ({
  name,
  wire: WireType.LengthDelimited,
  read: (reader) => reader.bytes(),
});
const nested = (name: string, message: Message): Field => ({
  name,
  wire: WireType.LengthDelimited,
  read: (reader) => readMessage(reader.bytes(), message),
});
const repeated = (field: Field): Field => ({
  name: field.name,
  wire: field.wire,
  isRepeated: true,
  read: field.read,
});

// opentelemetry/proto/{common,resource,metrics}/v1 and collector/metrics/v1, as of version 1.9. Fields that are not
// used are left out and skipped.
const anyValue: Message = {
  1: string("stringValue"),
  2: bool("boolValue"),
  3: int64("intValue"),
  4: double("doubleValue"),
};
const attribute: Message = { 1: string("key"), 2: nested("value", anyValue) };
const resource: Message = { 1: repeated(nested("attributes", attribute)) };
const numberPoint: Message = {
  2: fixed64("startTimeUnixNano"),
  3: fixed64("timeUnixNano"),
  4: double("asDouble"),
  6: sfixed64("asInt"),
  7: repeated(nested("attributes", attribute)),
  8: uint32("flags"),
};
const histogramPoint: Message = {
  2: fixed64("startTimeUnixNano"),
  3: fixed64("timeUnixNano"),
  4: fixed64("count"),
  6: repeated(fixed64("bucketCounts")),
  7: repeated(double("explicitBounds")),
  9: repeated(nested("attributes", attribute)),
  10: uint32("flags"),
};
const buckets: Message = { 1: sint32("offset"), 2: repeated(uint64("bucketCounts")) };
const exponentialPoint: Message = {
  1: repeated(nested("attributes", attribute)),
  2: fixed64("startTimeUnixNano"),
  3: fixed64("timeUnixNano"),
  4: fixed64("count"),
  6: sint32("scale"),
  7: fixed64("zeroCount"),
  8: nested("positive", buckets),
  10: uint32("flags"),
};
const quantile: Message = { 1: double("quantile"), 2: double("value") };
const summaryPoint: Message = {
  2: fixed64("startTimeUnixNano"),
  3: fixed64("timeUnixNano"),
  4: fixed64("count"),
  6: repeated(nested("quantileValues", quantile)),
  7: repeated(nested("attributes", attribute)),
  8: uint32("flags"),
};
const metric: Message = {
  1: string("name"),
  3: string("unit"),
  5: lazy("gauge"),
  7: lazy("sum"),
  9: lazy("histogram"),
  10: lazy("exponentialHistogram"),
  11: lazy("summary"),
};
const temporality = uint32("aggregationTemporality");
const dataOf: Readonly<Record<string, Message>> = {
  gauge: { 1: repeated(nested("dataPoints", numberPoint)) },
  sum: { 1: repeated(nested("dataPoints", numberPoint)), 2: temporality, 3: bool("isMonotonic") },
  histogram: { 1: repeated(nested("dataPoints", histogramPoint)), 2: temporality },
  exponentialHistogram: { 1: repeated(nested("dataPoints", exponentialPoint)), 2: temporality },
  summary: { 1: repeated(nested("dataPoints", summaryPoint)) },
};
const scope: Message = { 2: repeated(nested("metrics", metric)) };
const resourceMetrics: Message = {
  1: nested("resource", resource),
  2: repeated(nested("scopeMetrics", scope)),
};
const request: Message = { 1: repeated(nested("resourceMetrics", resourceMetrics)) };

function add(into: Record<string, unknown>, { name, isRepeated }: Field, value: unknown) {
  if (!isRepeated) {
    into[name] = value;
    return;
  }
  const known = into[name];
  if (Array.isArray(known)) known.push(value);
  else into[name] = [value];
}

/** Fields that are not in `message`, or written in another way, are skipped, as protobuf demands. */
function readMessage(bytes: Uint8Array, message: Message): Record<string, unknown> {
  const reader = new BinaryReader(bytes);
  const found: Record<string, unknown> = {};
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const field = message[number];
    if (field?.wire === wire) add(found, field, field.read(reader));
    else if (field?.isRepeated && wire === WireType.LengthDelimited && field.wire !== wire) {
      // Repeated numbers are written one after another.
      const packed = new BinaryReader(reader.bytes());
      while (packed.pos < packed.len) add(found, field, field.read(packed));
    } else reader.skip(wire, number);
  }
  return found;
}

/**
 * Decodes an `ExportMetricsServiceRequest` to the shape that OTLP's JSON has. The data of a metric stay bytes; `readData`
 * decodes them.
 * @throws for bytes that are no such message.
 */
export const readRequest = (bytes: Uint8Array): unknown => readMessage(bytes, request);

/** Decodes the data of a metric by the name of their field, such as `sum`; what is no bytes stays as it is. */
export function readData(kind: string, data: unknown): unknown {
  const message = dataOf[kind];
  return data instanceof Uint8Array && message ? readMessage(data, message) : data;
}

/** `ExportMetricsServiceResponse`; `partial` is null for a full success. */
export function writeResponse(partial: { rejected: number; message: string } | null): Uint8Array {
  const writer = new BinaryWriter();
  if (partial === null) return writer.finish();
  writer.tag(1, WireType.LengthDelimited).fork();
  if (partial.rejected > 0) writer.tag(1, WireType.Varint).int64(partial.rejected);
  writer.tag(2, WireType.LengthDelimited).string(partial.message);
  return writer.join().finish();
}

/** `google.rpc.Status`. */
export const writeStatus = ({ code, message }: { code: number; message: string }): Uint8Array =>
  new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(code)
    .tag(2, WireType.LengthDelimited)
    .string(message)
    .finish();

import { describe, expect, test } from "vitest";
import { AddressRefusedError, createAddressFilter } from "./address-filter.ts";

const lookUp = (filter: ReturnType<typeof createAddressFilter>, host: string) =>
  new Promise<unknown>((resolve, reject) => {
    filter.lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

describe("an address filter", () => {
  const filter = createAddressFilter([]);

  test.each([
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:53aa:64c::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "not-an-address",
  ])("refuses %s", (address) => {
    expect(filter.refusal(address)).not.toBeNull();
  });

  test.each(["8.8.8.8", "93.184.216.34", "2606:4700::1111"])("lets %s pass", (address) => {
    expect(filter.refusal(address)).toBeNull();
  });

  test.each([
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://[::ffff:7f00:1]/",
    "http://[::1]:8080/",
  ])("refuses a URL that writes loopback as %s", (url) => {
    expect(filter.refusalOfUrl(url)).not.toBeNull();
  });

  test("names in a URL are checked when connecting", () => {
    expect(filter.refusalOfUrl("https://localhost/")).toBeNull();
  });

  test("an allowed block covers its addresses and their mapped form, nothing else", () => {
    const open = createAddressFilter(["127.0.0.0/8", "fd00::1"]);
    expect(open.refusal("127.0.0.1")).toBeNull();
    expect(open.refusal("::ffff:127.0.0.1")).toBeNull();
    expect(open.refusal("fd00::1")).toBeNull();
    expect(open.refusal("fd00::2")).not.toBeNull();
    expect(open.refusal("10.0.0.1")).not.toBeNull();
  });

  test("a name with one refused address among good ones is refused", async () => {
    const mixed = createAddressFilter([], (_, done) =>
      done(null, [
        { address: "8.8.8.8", family: 4 },
        { address: "169.254.169.254", family: 4 },
      ]),
    );
    await expect(lookUp(mixed, "mixed.example")).rejects.toThrow(AddressRefusedError);
  });

  test("a name that resolves differently the second time is checked each time", async () => {
    const answers = ["8.8.8.8", "127.0.0.1"];
    const rebinding = createAddressFilter([], (_, done) =>
      done(null, [{ address: answers.shift() ?? "127.0.0.1", family: 4 }]),
    );
    expect(await lookUp(rebinding, "rebind.example")).toEqual([{ address: "8.8.8.8", family: 4 }]);
    await expect(lookUp(rebinding, "rebind.example")).rejects.toThrow(/may not be reached/);
  });
});

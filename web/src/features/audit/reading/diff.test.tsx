import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { auditEventExample } from "../testing/audit.fixture.ts";
import { AuditDiff } from "./diff-table.tsx";

const drawn = (rest: Partial<typeof auditEventExample>) =>
  renderToStaticMarkup(<AuditDiff event={{ ...auditEventExample, ...rest }} />);

describe("before and after, rendered", () => {
  it("only changed fields are shown, and how many there are", () => {
    const html = drawn({});
    expect(html).toContain("3 of 4 fields changed");
    expect(html).toContain("dead_letter");
    expect(html).not.toContain("https://a");
    expect(html).toContain("All fields");
  });

  it("a value from outside is text", () => {
    const html = drawn({ before: { name: "a" }, after: { name: "<script>1</script>" } });
    expect(html).not.toContain("<script>");
    expect(html).toContain("&lt;script&gt;");
  });

  it("an action without changes says so", () => {
    expect(drawn({ before: null, after: null })).toContain("This action changed nothing.");
  });
});

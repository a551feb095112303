import { invalidField } from "#lib/http/errors.ts";

const lengthMin = 12;
const lengthMax = 1_024;

// What lists of leaked passwords begin with, as far as it is long enough to pass for one here.
const common = [
  "password1234",
  "passw0rd1234",
  "passwordpassword",
  "password12345",
  "password123456",
  "123456789012",
  "1234567890123",
  "12345678901234",
  "123456789123456789",
  "qwertyuiopasdf",
  "qwertyuiop123",
  "qwerty123456",
  "qwertyqwerty",
  "1q2w3e4r5t6y",
  "1qaz2wsx3edc",
  "iloveyou1234",
  "letmein12345",
  "welcome12345",
  "welcome123456",
  "changeme1234",
  "changemeplease",
  "administrator",
  "administrator1",
  "adminadmin123",
  "correcthorsebatterystaple",
];
const plain = (text: string) => text.toLowerCase().replace(/[\s._-]+/g, "");
const blocked = new Set(common.map(plain));

/**
 * Why a password is not good enough; null when it is. Length, and no first guesses, as NIST SP 800-63B-4 has it: rules
 * about kinds of characters make passwords no harder to guess.
 */
function passwordProblem(password: string, { email, name }: { email: string; name: string }): string | null {
  if (password.length < lengthMin) return `must have at least ${lengthMin} characters`;
  if (password.length > lengthMax) return `must have at most ${lengthMax} characters`;
  const text = plain(password);
  const own = [email, email.split("@")[0] ?? "", name, "wheelhouse"].map(plain);
  // Without its digits and signs at the ends, so that a year behind it changes nothing.
  const core = text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "");
  if (own.some((word) => word.length > 2 && (text === word || core === word)))
    return "must not be your own name or address";
  if (blocked.has(text)) return "is among the first that anybody would guess";
  if (new Set(text).size < 4 || isRun(text))
    return "must not be a row of the same or neighbouring characters";
  return null;
}

/** @param field where it was given, e.g. `body.newPassword`. @throws AppError `validation_failed`. */
export function demandGoodPassword(field: string, password: string, person: { email: string; name: string }) {
  const problem = passwordProblem(password, person);
  if (problem) throw invalidField(field, problem);
}

// `abcdefghijkl`, `210987654321`: each character next to the one before it, round the corner too.
function isRun(text: string): boolean {
  const steps = [...text]
    .slice(1)
    .map((character, at) => ((character.codePointAt(0) ?? 0) - (text.codePointAt(at) ?? 0) + 10) % 10);
  return steps.every((step) => step === 1) || steps.every((step) => step === 9);
}

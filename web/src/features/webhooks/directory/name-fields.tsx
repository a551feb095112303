import { useState } from "react";
import { slugOf } from "#lib/slug.ts";
import { TextField } from "#ui/form/text-field.tsx";

/** State of name and short name; the short name follows the name until it is edited. */
export const useNames = () => {
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string | null>(null);
  return { name, slug: slug ?? slugOf(name), setName, setSlug };
};

/** The two fields of `useNames`. `hint`: allowed characters of the short name. */
export const NameFields = (props: {
  names: ReturnType<typeof useNames>;
  hint: string;
  complaint: (field: string) => string | undefined;
}) => {
  const { names, hint, complaint } = props;
  return (
    <>
      <TextField
        label="Name"
        error={complaint("name")}
        maxLength={100}
        value={names.name}
        onChange={names.setName}
      />
      <TextField
        label="Short name"
        hint={hint}
        error={complaint("slug")}
        isMono
        maxLength={63}
        value={names.slug}
        onChange={names.setSlug}
      />
    </>
  );
};

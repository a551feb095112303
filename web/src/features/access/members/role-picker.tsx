import type { Role } from "@wheelhouse/shared/capabilities.ts";
import { useId } from "react";
import { Radio } from "#ui/form/checkbox.tsx";
import { Icon } from "#ui/text/icon.tsx";
import css from "../access.module.css";
import { rightsRows } from "../rights.ts";
import { roleNames, rolesByStrength } from "./roles.ts";

/** Roles with their permissions; the column header selects a role. */
export const RolePicker = (props: {
  value: Role;
  offered: readonly Role[];
  onChange: (role: Role) => void;
}) => {
  const { value, offered, onChange } = props;
  const name = useId();
  const shown = rolesByStrength.filter((role) => offered.includes(role) || role === value);
  return (
    <fieldset className={css.roles}>
      <legend>Role</legend>
      <div className={css.rolesScroll}>
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span className="vh">Permission</span>
              </th>
              {shown.map((role) => (
                <th key={role} scope="col" className={role === value ? css.chosen : undefined}>
                  <label>
                    <Radio
                      name={name}
                      value={role}
                      checked={role === value}
                      disabled={!offered.includes(role)}
                      onChange={() => onChange(role)}
                    />
                    {roleNames[role]}
                  </label>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rightsRows().map(({ label, holds }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                {shown.map((role) => (
                  <td key={role} className={role === value ? css.chosen : undefined}>
                    {holds.includes(role) ? (
                      <>
                        <Icon name="check" />
                        <span className="vh">yes</span>
                      </>
                    ) : (
                      <span className="vh">no</span>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </fieldset>
  );
};

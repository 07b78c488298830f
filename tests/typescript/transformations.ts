// The transformations this project uses, each with its own options; the published schema leaves those open (`unknown`).
// Source: Grafana 12.4, packages/grafana-data/src/transformations/transformers/ and public/app/features/transformers/.

interface Apply<Id extends string, Options> {
  id: Id;
  options: Options;
  disabled?: boolean;
}

interface Operand {
  matcher: { id: "byName"; options: string };
}

interface ByName {
  names: string[];
}

type Flags = Record<string, boolean>;

// An empty object. `{}` would take any key.
interface Nothing {
  nothing?: never;
}

export type Transformation =
  | Apply<
      "calculateField",
      {
        mode: "binary";
        alias: string;
        replaceFields: boolean;
        binary: { left: Operand; operator: "+" | "-" | "*" | "/" | "%" | "**"; right: Operand };
      }
    >
  | Apply<"convertFieldType", { conversions: { targetField: string; destinationType: "time" | "number" | "string" | "boolean" }[]; fields: Nothing }>
  | Apply<"extractFields", { source: string; format: "json" | "kvp" | "auto"; replace: boolean; keepTime: boolean }>
  | Apply<
      "filterByValue",
      {
        type: "include" | "exclude";
        match: "all" | "any";
        filters: { fieldName: string; config: { id: string; options: { value?: string | number } } }[];
      }
    >
  | Apply<"filterFieldsByName", { include: ByName } | { exclude: ByName }>
  | Apply<"joinByField", { byField: string; mode: "outer" | "inner" | "outerTabular" }>
  | Apply<"limit", { limitField: number }>
  | Apply<"merge", Nothing>
  | Apply<
      "organize",
      { indexByName?: Record<string, number>; renameByName?: Record<string, string>; excludeByName?: Flags; includeByName?: Flags }
    >
  | Apply<"reduce", { mode: "seriesToRows" | "reduceFields"; reducers: string[]; includeTimeField: boolean }>
  | Apply<"renameByRegex", { regex: string; renamePattern: string }>
  | Apply<"sortBy", { sort: { field: string; desc: boolean }[]; fields?: Nothing }>;

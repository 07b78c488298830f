// What Grafana's own schema accepts as a classic dashboard, narrowed to what this project writes: every panel carries the options and
// custom field settings of its own plugin, every target and variable query the keys of its own data source, and no level takes a key it
// does not know. `schema/*` and `@grafana/schema` point at one published version of @grafana/schema; the harness says which.
import type * as common from "@grafana/schema";
import type * as barchart from "schema/raw/composable/barchart/panelcfg/x/types.gen";
import type * as bargauge from "schema/raw/composable/bargauge/panelcfg/x/types.gen";
import type * as histogram from "schema/raw/composable/histogram/panelcfg/x/types.gen";
import type * as logs from "schema/raw/composable/logs/panelcfg/x/types.gen";
import type * as nodegraph from "schema/raw/composable/nodegraph/panelcfg/x/types.gen";
import type * as piechart from "schema/raw/composable/piechart/panelcfg/x/types.gen";
import type * as stat from "schema/raw/composable/stat/panelcfg/x/types.gen";
import type * as text from "schema/raw/composable/text/panelcfg/x/types.gen";
import type * as timeseries from "schema/raw/composable/timeseries/panelcfg/x/types.gen";
import type * as xychart from "schema/raw/composable/xychart/panelcfg/x/types.gen";
import type * as raw from "schema/raw/dashboard/x/types.gen";
import type { Target, VariableQuery } from "./queries";
import type { Transformation } from "./transformations";

// A type as JSON writes it: a string enum stands as its plain text.
type J<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends Array<infer Item>
      ? J<Item>[]
      : T extends object
        ? { [Key in keyof T]: J<T[Key]> }
        : T;

type With<T, Required extends keyof T> = Partial<T> & Pick<T, Required>;

// ---------------------------------------------------------------- fields

// The schema leaves a field's links open (`unknown[]`): @grafana/data's DataLink.
interface DataLink {
  title: string;
  url: string;
  targetBlank?: boolean;
  oneClick?: boolean;
}

type StandardOptions = Omit<J<raw.FieldConfig>, "custom" | "links"> & { links?: DataLink[] };

interface Defaults<Custom> extends StandardOptions {
  custom?: Partial<J<Custom>>;
}

// An override sets one standard option, or one custom option of the panel. Null for `links` takes the data source's own links away.
type Property<Custom> =
  | { [Key in keyof StandardOptions]-?: { id: Key; value: StandardOptions[Key] } }[keyof StandardOptions]
  | { [Key in keyof Custom & string]-?: { id: `custom.${Key}`; value: J<Custom[Key]> } }[keyof Custom & string]
  | { id: "links"; value: null };

interface FieldConfig<Custom> {
  defaults: Defaults<Custom>;
  overrides: { matcher: Matcher; properties: Property<Custom>[] }[];
}

type Matcher =
  | { id: "byName" | "byRegexp" | "byType" | "byFrameRefID"; options: string }
  | { id: "byNames"; options: { mode: "include" | "exclude"; names: string[]; prefix?: string; readOnly?: boolean } };

// ---------------------------------------------------------------- panels

type PanelLink = With<J<raw.DashboardLink>, "title" | "url">;

type Narrowed = "type" | "id" | "gridPos" | "options" | "fieldConfig" | "targets" | "transformations" | "links" | "libraryPanel";

interface Visual<Type extends string, Options, Custom = {}> extends Omit<J<raw.Panel>, Narrowed> {
  type: Type;
  id: number;
  gridPos: J<raw.GridPos>;
  options: Options;
  fieldConfig: FieldConfig<Custom>;
  targets?: Target[];
  transformations?: Transformation[];
  links?: PanelLink[];
}

// The traces panel is in no published schema: public/app/plugins/panel/traces/panelcfg.cue of Grafana 12.4.
interface TracesOptions {
  spanFilters?: {
    adhocFilters?: { key: string; operator: string; value: string }[];
    matchesOnly?: boolean;
    criticalPathOnly?: boolean;
  };
  hideHeaderDetails?: boolean;
}

// Grafana fills options that are absent from the panel's defaults, so most may be; the panel means nothing without the ones named here.
type Panel =
  | Visual<"barchart", Partial<J<barchart.Options>>, barchart.FieldConfig>
  | Visual<"bargauge", Partial<J<bargauge.Options>>>
  | Visual<"histogram", Partial<J<histogram.Options>>, histogram.FieldConfig>
  | Visual<"logs", Partial<J<logs.Options>>>
  | Visual<"nodeGraph", J<nodegraph.Options>>
  | Visual<"piechart", Partial<J<piechart.Options>>, piechart.FieldConfig>
  | Visual<"stat", Partial<J<stat.Options>>>
  | Visual<"table", Partial<J<common.TableOptions>>, common.TableFieldOptions>
  | Visual<"text", With<J<text.Options>, "content" | "mode">>
  | Visual<"timeseries", Partial<J<timeseries.Options>>, timeseries.FieldConfig>
  | Visual<"traces", TracesOptions>
  | Visual<"xychart", With<J<xychart.Options>, "mapping" | "series">, xychart.FieldConfig>;

interface Row extends Omit<J<raw.RowPanel>, "panels" | "gridPos"> {
  gridPos: J<raw.GridPos>;
  panels: Panel[];
}

// ---------------------------------------------------------------- variables

type VariableBase = Omit<J<raw.VariableModel>, "type" | "query" | "datasource" | "current">;

interface Variable<Type extends string, Query> extends VariableBase {
  type: Type;
  query: Query;
  current?: J<raw.VariableOption> | Record<string, never>;
}

type TemplateVariable =
  | Variable<"datasource", "grafana-x-ray-datasource" | "loki" | "cloudwatch">
  | Variable<"custom", string>
  | Variable<"textbox", string>
  | Variable<"constant", string>
  // `definition`, what the variable list shows, is saved by Grafana but missing in the schema.
  | (Variable<"query", VariableQuery> & { datasource: { type: string; uid: string }; definition?: string });

// ---------------------------------------------------------------- dashboard

export interface Dashboard extends Omit<J<raw.Dashboard>, "panels" | "templating" | "snapshot"> {
  uid: string;
  title: string;
  panels: (Panel | Row)[];
  templating: { list: TemplateVariable[] };
}

// Targets and variable queries, exactly as each data source reads them. The published schema leaves them open (`Record<string, unknown>`).

interface Query<Plugin extends string> {
  refId: string;
  datasource: { type: Plugin; uid: string };
  hide?: boolean;
}

// ---------------------------------------------------------------- X-Ray: x-ray-datasource 2.17.1, src/types.ts and pkg/datasource/

interface Group {
  GroupName: string;
  GroupARN: string;
  FilterExpression?: string;
}

type StatisticsColumn =
  | "TotalCount"
  | "OkCount"
  | "ErrorStatistics.TotalCount"
  | "ErrorStatistics.ThrottleCount"
  | "FaultStatistics.TotalCount"
  | "Computed.AverageResponseTime";

type RootCause = "ResponseTimeService" | "ResponseTimePath" | "ErrorService" | "ErrorPath" | "ErrorMessage" | "FaultService" | "FaultPath" | "FaultMessage";

type AnalyticsQueryType = `getAnalyticsRootCause${RootCause}` | "getAnalyticsUser" | "getAnalyticsUrl" | "getAnalyticsStatusCode";

interface XRayTarget<Type extends string> extends Query<"grafana-x-ray-datasource"> {
  queryMode: "X-Ray";
  queryType: Type;
  query: string;
  region: string;
}

interface ListTarget extends XRayTarget<"getTrace" | "getTraceSummaries" | AnalyticsQueryType> {
  group?: Group;
}

interface StatisticsTarget extends XRayTarget<"getTimeSeriesServiceStatistics"> {
  group?: Group;
  columns: StatisticsColumn[];
  resolution?: 60 | 300;
}

// The back end reads `group` of these two without looking whether it is there.
interface ServiceMapTarget extends XRayTarget<"getServiceMap"> {
  group: Group;
  accountIds?: string[];
}

interface InsightsTarget extends XRayTarget<"getInsights"> {
  group: Group;
  state?: "All" | "Active" | "Closed";
}

interface ServicesTarget<Type extends string> extends Query<"grafana-x-ray-datasource"> {
  queryMode: "Services";
  queryType?: undefined;
  serviceQueryType: Type;
  query?: string;
  region: string;
  includeLinkedAccounts?: boolean;
  accountId?: string;
}

// `serviceString` names the service: a JSON text of Application Signals' key attributes.
interface ServiceDetailTarget extends ServicesTarget<"listServiceOperations" | "listServiceDependencies"> {
  serviceName?: string;
  serviceString: string;
}

interface ObjectivesTarget extends ServicesTarget<"listServiceLevelObjectives"> {
  serviceName?: string;
  serviceString: string;
  operationName: string;
}

// ---------------------------------------------------------------- Loki: Grafana 12.4, public/app/plugins/datasource/loki/dataquery.cue

interface LokiTarget extends Query<"loki"> {
  queryMode?: undefined;
  queryType: "range" | "instant";
  expr: string;
  editorMode: "code";
  legendFormat?: string;
  maxLines?: number;
  step?: string;
  direction?: "backward" | "forward";
}

// ---------------------------------------------------------------- CloudWatch metrics: …/cloudwatch/dataquery.cue

interface MetricsTarget extends Query<"cloudwatch"> {
  queryMode: "Metrics";
  queryType?: undefined;
  id: string;
  namespace: string;
  metricName: string;
  statistic: string;
  region: string;
  dimensions: Record<string, string | string[]>;
  period?: string;
  matchExact?: boolean;
  accountId?: string;
  label?: string;
  expression?: string;
  metricQueryType?: 0;
  metricEditorMode?: 0 | 1;
}

// ---------------------------------------------------------------- another panel's answer: …/dashboard/types.ts

interface PanelTarget extends Query<"datasource"> {
  datasource: { type: "datasource"; uid: "-- Dashboard --" };
  queryMode?: undefined;
  queryType?: undefined;
  panelId: number;
  withTransforms?: boolean;
}

export type Target =
  | ListTarget
  | StatisticsTarget
  | ServiceMapTarget
  | InsightsTarget
  | ServicesTarget<"listServices">
  | ServiceDetailTarget
  | ObjectivesTarget
  | LokiTarget
  | MetricsTarget
  | PanelTarget;

// ---------------------------------------------------------------- variables: x-ray-datasource src/variables.ts; …/loki/types.ts

interface XRayVariableQuery {
  queryType: "regions" | "groups" | "accounts" | "services" | "operations";
  region?: string;
  groupName?: string;
  accountId?: string;
  serviceName?: string;
  serviceString?: string;
  refId?: string;
}

// 0 asks for label names, 1 for the values of `label`.
type LokiVariableQuery = { refId: string; queryType?: undefined; type: 0 } | { refId: string; queryType?: undefined; type: 1; label: string; stream?: string };

export type VariableQuery = XRayVariableQuery | LokiVariableQuery;

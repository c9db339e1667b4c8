/** What the host's event manager hands to each sink. */
export interface EmitData {
  instanceName: string;
  origin: string;
  event: string;
  data: unknown;
  serverUrl: string;
  dateTime: string;
  sender: string | undefined;
  apiKey: string | null;
  local?: boolean;
  integration?: string[];
  extra?: Record<string, unknown>;
}

/** Of POST /instance/create. */
export interface InstanceData {
  instanceName: string;
  integration: string;
  rabbitmq?: { enabled: boolean; events: string[] };
  webhook?: {
    enabled?: boolean;
    url: string;
    events: string[];
    headers?: Record<string, string>;
    byEvents?: boolean;
  };
}

/** Where sinks look up what an instance wants. */
export interface Instances {
  readonly waInstances: Readonly<Record<string, { settings: InstanceData }>>;
}

/** Where channels bring their events. */
export interface Events {
  emit(eventData: EmitData): Promise<void>;
}

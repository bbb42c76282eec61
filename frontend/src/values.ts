// Values for the variables of a prompt: read from texts, checked against what is declared, and written as texts.
//
// The rule is that of promptuary.model.values; tests/vectors/values.json checks both.

import { isObject, type Entry, type Json, type Template } from "./templates";

export type VariableType = "string" | "number" | "integer" | "boolean" | "array" | "object" | "messages";
export type Variable = {
  name: string;
  type: VariableType;
  description: string;
  isRequired: boolean;
  initial: Json | undefined;
  choices: Json[] | undefined;
  examples: Json[];
};
export type Contract = ReadonlyMap<string, Variable>;
export type Problem = { names: string[]; sentence: string };

const MAX_SHOWN = 5;

const FITS: Record<VariableType, (value: Json) => boolean> = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  array: (value) => Array.isArray(value),
  object: isObject,
  messages: (value) => Array.isArray(value) && value.every((each) => isObject(each) && typeof each["role"] === "string"),
};

// The contract that a text of JSON is: undefined for none, null for what is not yet one.
export function readContract(text: string): Contract | undefined | null {
  if (!text.trim()) {
    return undefined;
  }
  const value = parsed(text);
  if (value === null) {
    return undefined;
  }
  if (!isObject(value) || !Object.values(value).every((each) => isObject(each) && Object.hasOwn(FITS, typeOf(each)))) {
    return null;
  }
  return new Map(Object.entries(value).map(([name, each]) => [name, variableOf(name, each as Entry)]));
}

// All that programs fill in: what is declared, or what the text has, and placeholders, which take messages however they are declared.
export function variablesToFill(template: Template, contract: Contract | undefined): Contract {
  const declared = contract ? [...contract.values()] : template.variables.map((name) => variableOf(name, {}));
  const found = new Map(declared.map((variable) => [variable.name, variable]));
  for (const name of template.placeholders) {
    if (found.get(name)?.type !== "messages") {
      found.set(name, { ...(found.get(name) ?? variableOf(name, {})), type: "messages", initial: undefined, choices: undefined, examples: [] });
    }
  }
  return found;
}

export function mustBeGiven(variable: Variable): boolean {
  return variable.isRequired && variable.initial === undefined;
}

// The value of a text in a field: that of a string as it is, any other one read as JSON. An empty text is no value.
export function readValue(variable: Variable, text: string): Json | undefined {
  if (text === "") {
    return undefined;
  }
  return variable.type === "string" ? text : (parsed(text) ?? text);
}

export function problemsOf(variables: Contract, values: ReadonlyMap<string, Json>): Problem[] {
  const missing = [...variables.values()].filter((each) => mustBeGiven(each) && !values.has(each.name)).map((each) => each.name);
  const unfit = [...values].map(([name, value]) => ({ names: [name], sentence: unfitness(variables.get(name), value) }));
  const absent = missing.length ? [{ names: missing, sentence: `No value was given for: ${listed(missing, 20)}.` }] : [];
  return [...absent, ...unfit.filter((problem) => problem.sentence !== "")];
}

// The values that go into a prompt: those that fit, and what stands for others that may be left out.
export function withDefaults(variables: Contract, values: ReadonlyMap<string, Json>): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>();
  for (const variable of variables.values()) {
    const given = values.get(variable.name);
    if (given !== undefined && unfitness(variable, given) === "") {
      found.set(variable.name, given);
    } else if (given === undefined && !mustBeGiven(variable)) {
      found.set(variable.name, variable.initial ?? (variable.type === "messages" ? [] : ""));
    }
  }
  return found;
}

// A string itself, anything else as the JSON that programs write: with a space after commas and colons.
export function textOfValue(value: Json): string {
  return typeof value === "string" ? value : dump(value);
}

function dump(value: Json): string {
  if (Array.isArray(value)) {
    return `[${value.map(dump).join(", ")}]`;
  }
  return isObject(value)
    ? `{${Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${dump(each)}`).join(", ")}}`
    : JSON.stringify(value);
}

function unfitness(variable: Variable | undefined, value: Json): string {
  if (!variable) {
    return "";
  }
  const { name, type, choices } = variable;
  if (!FITS[type](value)) {
    return type === "messages" ? `The placeholder '${name}' takes a list of messages, each with a role.` : `'${name}' must be of the type ${type}.`;
  }
  const isChosen = !choices || choices.some((choice) => dump(choice) === dump(value));
  return isChosen ? "" : `'${name}' must be one of ${listed(choices.map(textOfValue), MAX_SHOWN)}.`;
}

function listed(texts: string[], limit: number): string {
  const more = texts.length > limit ? ` and ${texts.length - limit} more` : "";
  return texts.slice(0, limit).join(", ") + more;
}

// Values of another type are left out: the server refuses them, but not before the contract is published.
function variableOf(name: string, declaration: Entry): Variable {
  const type = typeOf(declaration);
  const { description, default: initial, enum: choices, examples } = declaration;
  return {
    name,
    type,
    description: typeof description === "string" ? description : "",
    isRequired: declaration["required"] !== false,
    initial: initial !== undefined && FITS[type](initial) ? initial : undefined,
    choices: Array.isArray(choices) ? choices.filter(FITS[type]) : undefined,
    examples: Array.isArray(examples) ? examples.filter(FITS[type]) : [],
  };
}

function typeOf(declaration: Json): VariableType {
  return ((isObject(declaration) ? declaration["type"] : undefined) ?? "string") as VariableType;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

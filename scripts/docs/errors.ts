import { REGISTRY } from '../../src/core/error-registry';

export function errorsPage(): string {
  const sections = Object.entries(REGISTRY).map(([name, { meaning, remedy }]) => {
    return `## ${name}\n\n${meaning}\n\n**Remedy:** ${remedy}`;
  });
  return `# Errors

Generated from src/core/error-registry.ts by \`npm run docs\`.

Every message of the plugin that asks for an operator starts with one of these codes.

${sections.join('\n\n')}
`;
}

/** The EvolutionAPI releases on which every recipe was tried, newest first. */
export const SUPPORTED_VERSIONS: readonly string[] = ['2.3.7', '2.3.6'];

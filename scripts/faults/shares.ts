/** Splits a number by weights, without rest: the parts together are exactly that number. */
export function sharesOf(total: number, weights: readonly number[]): number[] {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let weight = 0;
  let given = 0;
  return weights.map((own) => {
    weight += own;
    const share = Math.round((total * weight) / whole) - given;
    given += share;
    return share;
  });
}

/** How the host deletes one key or several. @returns how many there were; undefined where one of them could not tell. */
export async function deleteEach(
  key: string | string[],
  deleteOne: (key: string) => Promise<number | undefined>,
): Promise<number | undefined> {
  const counts = await Promise.all([key].flat().map(deleteOne));
  return counts.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0);
}

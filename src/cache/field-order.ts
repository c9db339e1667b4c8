/** Lets work on one field of an instance begin when the work before it has ended, well or not. */
export class FieldOrder {
  /** The last work under way of each field, by instance; that on all of the instance has the field ''. */
  private readonly under = new Map<string, Map<string, Promise<unknown>>>();

  /**
   * Begins at once where nothing of the field is under way.
   *
   * @param field '' for all of the instance: waits for every field, and every field for that.
   */
  after<T>(instanceId: string, field: string, work: () => Promise<T>): Promise<T> {
    const fields = this.under.get(instanceId) ?? new Map<string, Promise<unknown>>();
    const before = field === '' ? [...fields.values()] : [fields.get(field), fields.get('')].filter((each) => !!each);
    const done = before.length === 0 ? work() : Promise.allSettled(before).then(work);
    const end = () => {
      if (fields.get(field) === done) fields.delete(field);
      if (fields.size === 0 && this.under.get(instanceId) === fields) this.under.delete(instanceId);
    };
    this.under.set(instanceId, fields.set(field, done));
    done.then(end, end);
    return done;
  }
}

import type { Request, Response } from 'express';

/** One action of the console. A rejection goes to the host's error handler. */
export type Handler = (request: Request, response: Response) => Promise<void>;

namespace ClusterSession.Redis.Protocol;

/// <summary>
/// A reply is longer than MaxReplyBytes, and was skipped: asking again would bring it again. The
/// connection stays, since the next reply is another question's.
/// </summary>
internal sealed class RedisReplyTooLongException() : Exception("A reply is longer than MaxReplyBytes.");

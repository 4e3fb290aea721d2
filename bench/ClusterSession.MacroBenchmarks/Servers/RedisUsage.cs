namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>What a Redis has done so far.</summary>
/// <param name="Calls">Commands executed, those that scripts call included.</param>
/// <param name="BytesIn">Bytes received.</param>
/// <param name="BytesOut">Bytes sent.</param>
/// <param name="CpuMicroseconds">User and system time.</param>
internal readonly record struct RedisUsage(long Calls, long BytesIn, long BytesOut, double CpuMicroseconds);

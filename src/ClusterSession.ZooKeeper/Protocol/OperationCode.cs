namespace ClusterSession.ZooKeeper.Protocol;

/// <summary>What a request asks for (ZooDefs.OpCode).</summary>
internal enum OperationCode
{
    CloseSession = -11,
    Error = -1,
    Create = 1,
    Delete = 2,
    Exists = 3,
    GetData = 4,
    SetData = 5,
    Sync = 9,
    Ping = 11,
    GetChildren2 = 12,
    Check = 13,
    Multi = 14,
    Create2 = 15,
    Auth = 100,
    SetWatches = 101,
}

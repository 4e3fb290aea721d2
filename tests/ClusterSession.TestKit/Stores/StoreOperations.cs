namespace ClusterSession.TestKit.Stores;

/// <summary>The operations of a store, as a set.</summary>
[Flags]
public enum StoreOperations
{
    None = 0,
    Read = 1,
    Commit = 2,
    Merge = 4,
    Destroy = 8,
    Touch = 16,
    ReadShared = 32,
    ExchangeShared = 64,
    ReadDocument = 128,
    MergeDocument = 256,
    Documents = ReadDocument | MergeDocument,
    Sessions = Read | Commit | Merge | Destroy | Touch,
    All = Sessions | ReadShared | ExchangeShared | Documents,
}
